import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Program, RawClient, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { MasterOptions, UpgradeOptions } from '../src/index.ts';
import { ask, attempt, isAlive, Load, loopback, until } from './support.ts';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);

interface Options extends Partial<Omit<MasterOptions, 'listen'>> {
  listen?: MasterOptions['listen'] | 'launcher';
  second?: Partial<MasterOptions>;
  upgrade?: UpgradeOptions;
}

/** A program whose successors are ended with it. */
class Service implements AsyncDisposable {
  readonly program: Program;

  constructor(options: Options = {}) {
    const worker = { script: fixture('echo-worker.ts') };
    const all = { listen: [loopback], worker, workers: 1, ...options };
    this.program = new Program(process.execPath, [fixture('program.ts'), JSON.stringify(all)]);
  }

  get masters(): number[] {
    return [...this.program.stdout.matchAll(/^master (\d+) serves$/gm)].map(([, pid]) => Number(pid));
  }

  get workers(): number[] {
    return [...this.program.stdout.matchAll(/^spawned \d+ as (\d+)$/gm)].map(([, pid]) => Number(pid));
  }

  async port(): Promise<number> {
    const [, list] = await this.program.until(/^addresses (.*)$/m);
    return (JSON.parse(list as string) as { port: number }[])[0]?.port as number;
  }

  /** The pid of the nth master that has come into service. */
  async master(number: number): Promise<number> {
    await until(() => this.masters.length >= number);
    return this.masters[number - 1] as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.masters.filter(isAlive)) end(pid);
    await this.program.stop();
    await until(() => [...this.masters, ...this.workers].filter(isAlive).length === 0);
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // It has gone since it was asked whether it runs.
  }
}

/** The process that answers now, by its generation and pid. */
async function whoAnswers(port: number): Promise<number> {
  return Number((await ask(port, 'who')).split(' ')[1]);
}

test.concurrent.each(['inherited', 'reuseport'] as const)(
  'USR2, WINCH, TERM: the new master serves alone in the end, and no connection is lost (%s)',
  async (sharing) => {
    await using service = new Service({ sharing, workers: 2 });
    const port = await service.port();
    const old = await service.master(1);
    const oldWorkers = service.workers;
    await using clients = new Load(port);
    process.kill(old, 'SIGUSR2');
    const next = await service.master(2);
    expect(isAlive(old)).toBe(true);
    process.kill(old, 'SIGWINCH');
    await until(() => oldWorkers.filter(isAlive).length === 0);
    expect(isAlive(old)).toBe(true);
    process.kill(old, 'SIGTERM');
    expect(service.program.stdout).toMatch(new RegExp(`^after undefined$[^]*^after ${old}$`, 'm'));
    await service.program.until(new RegExp(`^promoted after ${old}$`, 'm'));
    await until(() => !isAlive(old));
    expect(service.workers.filter(isAlive)).toHaveLength(2);
    await ask(port, 'hello');
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(clients.answers).toBeGreaterThan(0);
    process.kill(next, 'SIGTERM');
    await until(() => !isAlive(next));
  },
);

test.concurrent('HUP the old, TERM the new: the way back', async () => {
  await using service = new Service();
  const port = await service.port();
  const old = await service.master(1);
  await using clients = new Load(port);
  process.kill(old, 'SIGUSR2');
  const next = await service.master(2);
  process.kill(old, 'SIGWINCH');
  await until(() => service.workers.filter(isAlive).length === 1);
  process.kill(old, 'SIGHUP');
  await service.program.until(/reloaded 2/);
  process.kill(next, 'SIGTERM');
  await until(() => !isAlive(next));
  await service.program.until(/has ended; this one serves on/);
  await ask(port, 'hello');
  await clients.stop();
  expect(clients.failures).toEqual([]);
  // And it can be tried again.
  process.kill(old, 'SIGUSR2');
  await service.master(3);
});

test.concurrent('a new master that dies leaves the service to the old one, whose workers come back', async () => {
  await using service = new Service();
  const port = await service.port();
  const old = await service.master(1);
  process.kill(old, 'SIGUSR2');
  const next = await service.master(2);
  process.kill(old, 'SIGWINCH');
  await until(() => !isAlive(service.workers[0] as number));
  process.kill(next, 'SIGKILL');
  await service.program.until(/has ended; this one serves on/);
  // The worker of the one that has died may serve for a moment longer.
  await until(() => service.workers.length === 3 && !isAlive(service.workers[1] as number));
  expect(service.workers.slice(2)).toContain(await whoAnswers(port));
});

test.concurrent('automatic: one signal, and the old process is gone; the pid that clients see is the new one', async () => {
  await using service = new Service({ upgrade: { automatic: true } });
  const port = await service.port();
  const old = await service.master(1);
  await using clients = new Load(port);
  process.kill(old, 'SIGUSR2');
  const next = await service.master(2);
  await until(() => !isAlive(old));
  expect(service.workers.slice(1)).toContain(await whoAnswers(port));
  await clients.stop();
  expect(clients.failures).toEqual([]);
  expect(isAlive(next)).toBe(true);
});

test.concurrent.each<[string, UpgradeOptions, RegExp]>([
  [
    'ends before it is ready',
    { program: { command: process.execPath, args: ['-e', 'process.exit(3)'] } },
    /the new master \(pid \d+\) exited with code 3 before it was ready; this master serves on/,
  ],
  [
    'is not there',
    { program: { command: '/no/such/program' } },
    /the new master cannot be started: .*ENOENT; this master serves on/,
  ],
  [
    'hangs',
    { program: { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1e6)'] }, timeoutMs: 300 },
    /the new master \(pid \d+\) was not ready within 300 ms; this master serves on/,
  ],
])('automatic: a new master that %s is rolled back by itself', async (_what, upgrade, message) => {
  await using service = new Service({ upgrade: { automatic: true, ...upgrade } });
  const port = await service.port();
  const old = await service.master(1);
  const [worker] = service.workers;
  process.kill(old, 'SIGUSR2');
  const [text] = await service.program.until(message);
  expect(await whoAnswers(port)).toBe(worker);
  const [, pid] = /pid (\d+)/.exec(text) ?? [];
  if (pid !== undefined) await until(() => !isAlive(Number(pid)));
});

test.concurrent('a Unix socket stays where it is as long as one of the two is there', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  await using service = new Service({ listen: [{ path }] });
  const old = await service.master(1);
  process.kill(old, 'SIGUSR2');
  const next = await service.master(2);
  process.kill(next, 'SIGTERM');
  await service.program.until(/has ended; this one serves on/);
  expect(await ask(path, 'hello')).toBe('hello');

  process.kill(old, 'SIGUSR2');
  const last = await service.master(3);
  process.kill(old, 'SIGTERM');
  await service.program.until(new RegExp(`promoted after ${old}`));
  await until(() => !isAlive(old));
  expect(await ask(path, 'hello')).toBe('hello');
  process.kill(last, 'SIGTERM');
  await until(() => !isAlive(last));
  expect(existsSync(path)).toBe(false);
});

test.concurrent('all masters of a process go together, those on port 0 too', async () => {
  await using service = new Service({ second: {} });
  const old = await service.master(1);
  const before = [...service.program.stdout.matchAll(/^addresses .*$/gm)].map(String);
  // Both masters of the fixture handle the signal: the second call is refused.
  process.kill(old, 'SIGUSR2');
  await service.master(2);
  const all = [...service.program.stdout.matchAll(/^addresses .*$/gm)].map(String);
  expect(all).toEqual([...before, ...before]);
  expect(new Set(before).size).toBe(2);
});

test.concurrent('a connection that is open keeps its old worker until it ends', async () => {
  await using service = new Service();
  const port = await service.port();
  const old = await service.master(1);
  const client = await RawClient.connect(port);
  client.send('a\n');
  await client.until('a\n');
  process.kill(old, 'SIGUSR2');
  await service.master(2);
  process.kill(old, 'SIGTERM');
  await service.program.until(/stopping/);
  client.send('b\n');
  await client.until('b\n');
  expect(isAlive(old)).toBe(true);
  client.end();
  await until(() => !isAlive(old));
});

test.concurrent('a second upgrade is refused while there are two', async () => {
  await using service = new Service();
  const port = await service.port();
  const old = await service.master(1);
  process.kill(old, 'SIGUSR2');
  const next = await service.master(2);
  process.kill(old, 'SIGUSR2');
  await service.program.until(/a new master \(pid \d+\) is in service beside this one; stop one of the two/);
  process.kill(next, 'SIGUSR2');
  await service.program.until(/the old master \(pid \d+\) has not left yet; stop it first/);
  expect(await ask(port, 'hello')).toBe('hello');
  process.kill(old, 'SIGTERM');
  await service.program.until(new RegExp(`promoted after ${old}`));
  expect(service.masters).toHaveLength(2);
  expect(await attempt({ host: '127.0.0.1', port })).toBe('connected');
});
