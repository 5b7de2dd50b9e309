import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import { PrivateSockets } from '../src/private-sockets.ts';
import { end, Site } from './started.ts';

const CONFIG = `export default {
  workers: 1,
  upstreams: { own: { app: './app.mjs', instances: 2 } },
  routes: [{ proxy: 'own' }],
};`;
const ASK = 'GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n';

test('applications behind the front listen where only the user of the server gets in, and nothing is left', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const { program: server, port } = await site.runConfig();
  const paths = [...server.stdout.matchAll(/own-\d +workers \d+ on unix:(\S+)/g)].map(
    ([, path = '']) => path,
  );
  expect(new Set(paths).size).toBe(2);
  const folder = dirname(paths[0] as string);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(await exchange(port, ASK)).toContain('"path":"/who"');
  for (const path of paths) expect(await exchange(path, ASK)).toContain('"path":"/who"');
  await server.stop();
  expect(existsSync(folder)).toBe(false);
});

test('the folder of a server that was killed is removed by the next one; one that lives keeps its own', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const temporary = join(site.path, 'tmp');
  mkdirSync(temporary);
  const env = { TMPDIR: temporary };
  const { program: killed } = await site.runConfig([], env);
  const [left = ''] = readdirSync(temporary);
  killed.signal('SIGKILL');
  expect(await killed.exited).toBe('SIGKILL');
  expect(readdirSync(temporary)).toEqual([left]);
  const { port } = await site.runConfig(['--control-socket', 'first'], env);
  const [first = ''] = readdirSync(temporary);
  expect(readdirSync(temporary)).toEqual([expect.not.stringContaining(left)]);
  await site.runConfig(['--control-socket', 'second'], env);
  expect(readdirSync(temporary)).toHaveLength(2);
  expect(readdirSync(temporary)).toContain(first);
  expect(await exchange(port, ASK)).toContain('"path":"/who"');
});

test('both masters of an upgrade have their sockets, and the folder of each goes with it', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const temporary = join(site.path, 'tmp');
  mkdirSync(temporary);
  const { program, port } = await site.runConfig([], { TMPDIR: temporary });
  const [old = ''] = readdirSync(temporary);
  program.signal('SIGUSR2');
  await program.until(/serves [^]*serves /);
  expect(readdirSync(temporary)).toHaveLength(2);
  expect(readdirSync(temporary)).toContain(old);
  for (let i = 0; i < 8; i++) expect(await exchange(port, ASK)).toContain('"path":"/who"');
  const [, pid] = /serves [^]*serves [^]*?master +(\d+)/.exec(program.stdout) ?? [];
  await end(Number(pid));
  expect(readdirSync(temporary)).toEqual([old]);
  expect(await exchange(port, ASK)).toContain('"path":"/who"');
});

test('where no folder can be made they listen on the loopback, and the log says so', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const { program: server, port } = await site.runConfig([], { TMPDIR: '/proc/nowhere' });
  expect(server.stdout).toMatch(/own-1 +workers \d+ on 127\.0\.0\.1:\d+/);
  await server.until(/pool own-1 listens on the loopback/);
  expect(await exchange(port, ASK)).toContain('"path":"/who"');
});

test('a folder for temporary files with a long name leaves no room for the name of a socket: /tmp has', async () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = `/tmp/${'x'.repeat(120)}`;
  const sockets = new PrivateSockets();
  try {
    const path = await sockets.path('pool-10-10');
    expect(path).toMatch(/^\/tmp\/highball-peers-\w{6}\/pool-10-10\.sock$/);
    expect(existsSync(dirname(path))).toBe(true);
    await sockets.remove();
    expect(existsSync(dirname(path))).toBe(false);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});
