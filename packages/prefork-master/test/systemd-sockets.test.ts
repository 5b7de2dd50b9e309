import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { type OpenSocket, openSockets } from '../src/sockets.ts';
import { systemdSockets } from '../src/systemd-sockets.ts';
import { ask, attempt, until } from './support.ts';

describe('the sockets of a launcher', () => {
  test('are the descriptors from 3 on', () => {
    expect(systemdSockets({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7)).toEqual([{ fd: 3 }, { fd: 4 }]);
  });

  test('have the names that the units give them', () => {
    const env = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'web::admin' };
    expect(systemdSockets(env, 7)).toEqual([{ fd: 3, name: 'web' }, { fd: 4 }, { fd: 5, name: 'admin' }]);
  });

  test('are those of the first master in one that was started by an upgrade', () => {
    expect(systemdSockets({}, 7, [{ fd: 3, name: 'web' }])).toEqual([{ fd: 3, name: 'web' }]);
  });

  test.each([
    ['nothing is said', {}],
    ['another process is meant', { LISTEN_PID: '8', LISTEN_FDS: '2' }],
    ['the number is none', { LISTEN_PID: '7', LISTEN_FDS: 'x' }],
    ['there are none', { LISTEN_PID: '7', LISTEN_FDS: '0' }],
  ])('are none when %s', (_when, env) => {
    expect(systemdSockets(env, 7)).toEqual([]);
  });
});

/** The arguments of node that run a master on the sockets of its launcher. */
function program(): string[] {
  const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
  const options = { listen: 'launcher', worker: { script: fixture('echo-worker.ts') }, workers: 1 };
  return [fixture('program.ts'), JSON.stringify(options)];
}

test('a master serves on what a launcher has bound, and leaves the file to it', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const [socket] = (await openSockets([{ path }], 10)) as [OpenSocket];
  // $$ is the process that exec turns into the master: what systemd writes into LISTEN_PID.
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec "$0" "$@"';
  const launched = spawn('sh', ['-c', script, process.execPath, ...program()], {
    stdio: ['ignore', 'pipe', 'inherit', socket.fd],
  });
  let output = '';
  launched.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  expect(await ask(path, 'hello')).toBe('hello');
  await until(() => output.includes('serves'));
  expect(output).toContain('sockets [{"fd":3,"name":"web"}]');
  launched.kill('SIGTERM');
  expect(await once(launched, 'close')).toEqual([0, null]);
  expect(existsSync(path)).toBe(true);
  socket.close();
});

const activator = '/usr/bin/systemd-socket-activate';
test.skipIf(!existsSync(activator))('the same with the launcher of systemd', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  await using launched = new Program(activator, ['--fdname=web', '-l', path, process.execPath, ...program()]);
  await launched.until(/Listening on/);
  expect(await ask(path, 'hello')).toBe('hello');
  await launched.until(/^sockets \[\{"fd":3,"name":"web"\}\]$/m);
  launched.signal('SIGTERM');
  expect(await launched.exited).toBe(0);
  expect(existsSync(path)).toBe(true);
  expect(await attempt({ path })).toBe('ECONNREFUSED');
});
