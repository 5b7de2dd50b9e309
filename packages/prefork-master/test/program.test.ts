import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { missingPeers, Program, RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { MasterOptions } from '../src/index.ts';
import { ask, isAlive, loopback, until } from './support.ts';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const worker = { script: fixture('echo-worker.ts') };
/** Long enough for any title. */
const room = 'x'.repeat(100);

function run(options: Partial<MasterOptions> = {}): Program {
  const all = { listen: [loopback], worker, workers: 2, ...options };
  return new Program(process.execPath, [fixture('program.ts'), JSON.stringify(all), room]);
}

async function portOf(program: Program): Promise<number> {
  const [, list] = await program.until(/^addresses (.*)$/m);
  return (JSON.parse(list as string) as { port: number }[])[0]?.port as number;
}

function workersOf(program: Program): number[] {
  return [...program.stdout.matchAll(/^spawned \d+ as (\d+)$/gm)].map(([, pid]) => Number(pid));
}

/** The workers that are still there, when a moment was left for them to vanish. */
async function leftOf(program: Program): Promise<number[]> {
  const left = (): number[] => workersOf(program).filter(isAlive);
  await until(() => left().length === 0).catch(() => undefined);
  return left();
}

describe.concurrent('signals', () => {
  test('TERM: the work is finished, the exit code is 0 and nothing is left', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.sock');
    await using program = run({ listen: [{ path }] });
    await program.until(/^addresses/m);
    const client = await RawClient.connect(path);
    // Whom no worker has accepted yet, the end of the service meets in the kernel's queue: that is a reset.
    client.send('early\n');
    await client.until('early');
    program.signal('SIGTERM');
    await program.until(/stopping$/m);
    client.send('hello\n');
    await client.until('hello');
    client.end();
    expect(await program.exited).toBe(0);
    expect(await leftOf(program)).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  test.each(['SIGINT', 'SIGQUIT'] as const)('%s: a quick stop, connections are cut', async (signal) => {
    await using program = run();
    const client = await RawClient.connect(await portOf(program));
    program.signal(signal);
    expect(await program.exited).toBe(0);
    await client.closed;
    expect(await leftOf(program)).toEqual([]);
  });

  test('HUP, TTIN, TTOU, USR1: reload, one more, one fewer, log files anew', async () => {
    await using program = run({ workers: 1 });
    const port = await portOf(program);
    program.signal('SIGHUP');
    await program.until(/^reloaded 2$/m);
    program.signal('SIGTTIN');
    await program.until(/^scaled to 2$/m);
    program.signal('SIGTTOU');
    await program.until(/^scaled to 1$/m);
    program.signal('SIGUSR1');
    expect(await ask(port, 'hello')).toBe('hello');
  });

  test('INT to the whole group, as a terminal sends it: no worker is taken for crashed', async () => {
    await using program = run();
    await portOf(program);
    for (const pid of [...workersOf(program), program.pid]) process.kill(pid, 'SIGINT');
    expect(await program.exited).toBe(0);
    expect(program.stdout).not.toContain('unasked');
  });
});

describe.concurrent('no worker is left', () => {
  test('when the master is killed: idle workers leave at once, others drain', async () => {
    await using program = run({ gracefulTimeoutMs: 60_000 });
    const port = await portOf(program);
    const client = await RawClient.connect(port);
    client.send('who\n');
    const busy = Number((await client.until('\n')).split(' ')[1]);
    program.signal('SIGKILL');
    await until(() => workersOf(program).filter(isAlive).length === 1);
    expect(workersOf(program).filter(isAlive)).toEqual([busy]);
    client.send('hello\n');
    await client.until('hello');
    client.end();
    // Its output is closed when the last worker has left.
    expect(await program.exited).toBe('SIGKILL');
    expect(await leftOf(program)).toEqual([]);
  });

  test('when the master is killed and a connection does not end', async () => {
    await using program = run({ gracefulTimeoutMs: 300 });
    const client = await RawClient.connect(await portOf(program));
    program.signal('SIGKILL');
    await client.closed;
    expect(await program.exited).toBe('SIGKILL');
    expect(await leftOf(program)).toEqual([]);
  });

  test('when the master is killed while they boot', async () => {
    await using program = run({ worker: { ...worker, data: { boot: 'hang' } } });
    await program.until(/spawned 2/);
    program.signal('SIGKILL');
    expect(await program.exited).toBe('SIGKILL');
    expect(await leftOf(program)).toEqual([]);
  });
});

test.skipIf(missingPeers('ps'))('ps shows the master and its workers by name', async () => {
  await using program = run({ name: 'echo', title: 'demo' });
  await portOf(program);
  const titles = [program.pid, ...workersOf(program)].map((pid) =>
    execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).trim(),
  );
  expect(titles).toEqual(['echo: master [demo]', 'echo: worker 1 [demo]', 'echo: worker 2 [demo]']);
});

test.each([
  ['fail', 3, 'the boot goes wrong'],
  ['fail-application', 4, 'the application goes wrong'],
])('a boot that ends in %s: exit code %i and one line', async (boot, code, why) => {
  await using program = run({ worker: { ...worker, data: { boot } } });
  expect(await program.exited).toBe(code);
  expect(program.stderr.trim().split('\n')).toEqual([expect.stringMatching(`failed to boot: ${why}$`)]);
});

test('a socket that the launcher passes on is taken over', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  const options = JSON.stringify({ listen: [{ fd: 3 }], worker, workers: 1 });
  const child = spawn(process.execPath, [fixture('program.ts'), options], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  });
  server.close();
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('addresses'));
  expect(said).toContain(`listening on 127.0.0.1:${port}`);
  expect(await ask(port, 'hello')).toBe('hello');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test.skipIf(process.getuid?.() !== 0)('workers may run as another user than the master', async () => {
  const args = ['-c', 'echo "I am $(id -u):$(id -g)"; exec sleep 100'];
  await using program = run({
    worker: { command: 'sh', args, cwd: '/', uid: 65_534, gid: 65_534 },
    workers: 1,
  });
  expect((await program.until(/^I am .*$/m))[0]).toBe('I am 65534:65534');
});

test('the file mode creation mask is passed on', async () => {
  await using program = run({
    worker: { command: 'sh', args: ['-c', 'umask; exec sleep 100'] },
    workers: 1,
    umask: 0o27,
  });
  expect((await program.until(/^0\d+$/m))[0]).toBe('0027');
});
