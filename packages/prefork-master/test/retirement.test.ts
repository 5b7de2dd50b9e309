import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Retirement, type Retiree } from '../src/retirement.ts';
import { ask, echo, event, isAlive, pids, type Running, start, until } from './support.ts';

/** An open connection, which its worker may keep. */
class Talk {
  readonly client: RawClient;
  readonly pid: number;

  private constructor(client: RawClient, pid: number) {
    this.client = client;
    this.pid = pid;
  }

  static async begin({ port }: Running): Promise<Talk> {
    const client = await RawClient.connect(port);
    client.send('who\n');
    return new Talk(client, Number((await client.until('\n')).split(' ')[1]));
  }

  async say(word: string): Promise<void> {
    this.client.send(`${word}\n`);
    await this.client.until(`${word}\n`);
  }

  async end(): Promise<void> {
    this.client.end();
    await this.client.closed;
  }
}

const retiring = { gracefulTimeoutMs: 100, retireTimeoutMs: 60_000 };

test('what is open outlives two reloads and the graceful timeout; its end is that of the old worker', async () => {
  await using running = await start(retiring);
  const talk = await Talk.begin(running);
  await running.master.reload();
  await running.master.reload();
  expect(pids(running.master, 'retired')).toEqual([talk.pid]);
  expect(await ask(running.port, 'who')).toMatch(/ 3$/);
  await talk.say('still here');
  const exit = event(running.master, 'workerExit');
  await talk.end();
  expect(await exit).toMatchObject([
    { pid: talk.pid, generation: 1 },
    { code: 0, signal: null },
  ]);
  expect(running.master.status().workers).toMatchObject([{ generation: 3, state: 'ready' }]);
});

test('a stop ends it in graceful time', async () => {
  await using running = await start(retiring);
  const talk = await Talk.begin(running);
  await running.master.reload();
  await running.master.stop();
  await talk.client.closed;
  expect(isAlive(talk.pid)).toBe(false);
});

test('a stop waits for it as for all others', async () => {
  await using running = await start({ ...retiring, gracefulTimeoutMs: 10_000 });
  const talk = await Talk.begin(running);
  const replaced = event(running.master, 'replaced');
  void running.master.reload();
  await replaced;
  const stopped = running.master.stop();
  await until(() => pids(running.master, 'stopping').length > 0);
  await talk.say('still here');
  await talk.end();
  await stopped;
  expect(running.log.text).not.toContain('SIGKILL');
});

test('it is told of all that concerns it, and its first answer is waited for', async () => {
  await using running = await start({
    ...retiring,
    gracefulTimeoutMs: 2000,
    worker: echo({ tellStops: true }),
  });
  const talk = await Talk.begin(running);
  const replaced = event(running.master, 'replaced');
  running.master.reload().catch(() => undefined);
  await replaced;
  await talk.client.until('graceful, retired\n');
  const stopped = running.master.stop();
  await talk.client.until('\ngraceful\n');
  // The fixture has nothing left to close then: it must not leave before its client.
  await talk.say('still here');
  await talk.end();
  await stopped;
  expect(running.log.text).not.toContain('SIGKILL');
});

test('its time is kept, and nobody has to be killed for it', async () => {
  await using running = await start({ ...retiring, retireTimeoutMs: 300 });
  const talk = await Talk.begin(running);
  await running.master.reload();
  expect(pids(running.master, 'retired')).toEqual([talk.pid]);
  const exit = event(running.master, 'workerExit');
  await talk.client.closed;
  expect(await exit).toMatchObject([{ pid: talk.pid }, { code: 0, signal: null }]);
});

test('there are only so many: the oldest is ended first', async () => {
  await using running = await start({ ...retiring, maxRetired: 2 });
  const talks: Talk[] = [];
  for (let round = 0; round < 3; round++) {
    talks.push(await Talk.begin(running));
    await running.master.reload();
  }
  await talks[0]?.client.closed;
  await until(() => running.master.status().workers.length === 3);
  expect(pids(running.master, 'retired')).toEqual(talks.slice(1).map(({ pid }) => pid));
  for (const talk of talks.slice(1)) await talk.say('still here');
});

test('one that blocks is killed', async () => {
  await using running = await start({ ...retiring, timeoutMs: 1000 });
  const talk = await Talk.begin(running);
  await running.master.reload();
  talk.client.send('block\n');
  await talk.client.closed;
  await until(() => !isAlive(talk.pid));
  expect(running.log.text).toMatch(/gave no sign of life for 1000 ms and is ended; .*"serving":"block"/);
});

test('one that was scaled away lives on, is shown, and is stopped with the others', async () => {
  await using running = await start({ ...retiring, workers: 2 });
  const talks: Talk[] = [];
  while (new Set(talks.map(({ pid }) => pid)).size < 2) talks.push(await Talk.begin(running));
  const [, second] = pids(running.master);
  await running.master.scale(1);
  expect(pids(running.master, 'retired')).toEqual([second]);
  const talk = talks.find(({ pid }) => pid === second);
  await talk?.say('still here');
  await running.master.scale(2);
  expect(pids(running.master)).toHaveLength(2);
  await running.master.stop();
  expect(isAlive(Number(second))).toBe(false);
});

test('before an upgrade all leave in graceful time, those that were replaced as well', async () => {
  await using running = await start(retiring);
  const talk = await Talk.begin(running);
  await running.master.reload();
  await running.master.retire();
  await talk.client.closed;
  expect(running.master.status().workers).toEqual([]);
  await running.master.reload();
  expect(await ask(running.port, 'hello')).toBe('hello');
});

test('one that leaves by itself makes room for another', async () => {
  const told: string[] = [];
  const retirement = new Retirement(() => 1);
  const add = (name: string): (() => void) => {
    const { promise: exited, resolve } = Promise.withResolvers<never>();
    const worker: Retiree = {
      state: 'retired',
      exited,
      retire: () => told.push(name),
      endRetirement: () => told.push(`${name} ends`),
    };
    retirement.add(worker);
    return resolve as () => void;
  };
  const leave = add('a');
  leave();
  await Promise.resolve().then(() => undefined);
  add('b');
  expect(told).toEqual(['a', 'b']);
  add('c');
  expect(told).toEqual(['a', 'b', 'c', 'b ends']);
});
