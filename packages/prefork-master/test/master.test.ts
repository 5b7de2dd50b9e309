import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { ask, event, isAlive, pids, start } from './support.ts';

test('workers serve on the socket that the master has bound', async () => {
  await using running = await start({ workers: 2 });
  expect(await ask(running.port, 'hello')).toBe('hello');
  expect(pids(running.master)).toHaveLength(2);
  const [, pid] = (await ask(running.port, 'who')).split(' ');
  expect(pids(running.master)).toContain(Number(pid));
});

test('a worker that is killed is replaced at once, under its id', async () => {
  await using running = await start({ workers: 2 });
  const [first] = pids(running.master) as [number];
  const ready = event(running.master, 'workerReady');
  process.kill(first, 'SIGKILL');
  const [worker] = await ready;
  expect(worker).toMatchObject({ id: 1 });
  expect(pids(running.master)).toHaveLength(2);
  expect(isAlive(first)).toBe(false);
  expect(running.log.lines.join('\n')).toContain('was ended by SIGKILL unasked');
});

test('a graceful stop lets an open echo finish', async () => {
  await using running = await start();
  const client = await RawClient.connect(running.port);
  client.send('hello\n');
  await client.until('hello');
  const stopped = running.master.stop();
  client.send('more\n');
  await client.until('more');
  client.end();
  await stopped;
  expect(pids(running.master)).toEqual([]);
});
