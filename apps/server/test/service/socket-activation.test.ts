import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { Site, who } from '../started.ts';

const highball = join(import.meta.dirname, '../../bin/highball.js');
/** What a launcher does at last: it becomes the program, so that LISTEN_PID stays right (sd_listen_fds(3)). */
const ACTIVATE = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';
const HAND_OVER = 'exec "$@"';

interface Activated extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** Binds a socket and passes it on as descriptor 3, as systemd does; what connects from then on waits for the program. */
async function activate(site: Site, script: string, flags: readonly string[]): Promise<Activated> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  // Node has no documented way to a server's descriptor.
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const args = ['-c', script, 'launcher', process.execPath, highball, 'serve', 'app.mjs', ...flags];
  const child = spawn('sh', args, { cwd: site.path, stdio: ['ignore', 'ignore', 'ignore', fd] });
  // The child has the socket now, and this process must not accept on it.
  listener.close();
  const exited = once(child, 'exit');
  return {
    port,
    pid: child.pid as number,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Whoever answers on the control socket; nobody does before the server has started. */
const masterOf = (site: Site): Promise<number | undefined> =>
  site.status().then(
    ({ pid }) => pid,
    () => undefined,
  );

test.each([
  ['found by LISTEN_FDS', ACTIVATE, []],
  ['named by --bind fd://3', HAND_OVER, ['-b', 'fd://3']],
])('a socket of a launcher, %s, serves from before the server has started', async (_, script, flags) => {
  await using site = await Site.make();
  await using server = await activate(site, script, ['--control-socket', 'control', ...flags]);
  // Nobody accepts yet: the connection waits, and is the first to be served.
  const first = await who(server.port, '/first');
  // exec has kept the launcher's pid: what systemd signals is the master itself.
  expect(first).toMatchObject({ path: '/first', master: server.pid });

  await expect.poll(() => masterOf(site)).toBe(server.pid);
  const control = await site.control();
  await control.call('reload');
  const second = await who(server.port, '/second');
  expect(second.pid).not.toBe(first.pid);
});

test('sockets for another process are not taken', async () => {
  await using site = await Site.make();
  const foreign = 'LISTEN_PID=1 LISTEN_FDS=1 exec "$@"';
  const flags = ['--control-socket', 'control', '-b', '127.0.0.1:0'];
  await using server = await activate(site, foreign, flags);
  await expect.poll(() => masterOf(site)).toBe(server.pid);
  const status = await site.status();
  expect(status.pools[0]?.queues[0]?.address).not.toBe(`127.0.0.1:${server.port}`);
});
