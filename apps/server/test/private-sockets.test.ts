import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import { PrivateSockets } from '../src/private-sockets.ts';
import { Site } from './started.ts';

const CONFIG = `export default {
  workers: 1,
  upstreams: { own: { app: './app.mjs', instances: 2 } },
  routes: [{ proxy: 'own' }],
};`;
const ASK = 'GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n';
const RUN = ['run', '-c', 'highball.config.mjs', '-b', '127.0.0.1:0'];

test('applications behind the front listen where only the user of the server gets in, and nothing is left', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const server = site.run(RUN);
  const [, port] = await server.until(/serves http:\/\/[^:]+:(\d+)/);
  const paths = [...server.stdout.matchAll(/own-\d +workers \d+ on unix:(\S+)/g)].map(
    ([, path = '']) => path,
  );
  expect(new Set(paths).size).toBe(2);
  const folder = dirname(paths[0] as string);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(await exchange(Number(port), ASK)).toContain('"path":"/who"');
  for (const path of paths) expect(await exchange(path, ASK)).toContain('"path":"/who"');
  await server.stop();
  expect(existsSync(folder)).toBe(false);
});

test('where no folder can be made they listen on the loopback, and the log says so', async () => {
  await using site = await Site.make({ 'highball.config.mjs': CONFIG });
  const server = site.run(RUN, { TMPDIR: '/proc/nowhere' });
  const [, port] = await server.until(/serves http:\/\/[^:]+:(\d+)/);
  expect(server.stdout).toMatch(/own-1 +workers \d+ on 127\.0\.0\.1:\d+/);
  await server.until(/pool own-1 listens on the loopback/);
  expect(await exchange(Number(port), ASK)).toContain('"path":"/who"');
});

test('a folder for temporary files with a long name leaves no room for the name of a socket: /tmp has', () => {
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = `/tmp/${'x'.repeat(120)}`;
  const sockets = new PrivateSockets();
  try {
    const path = sockets.path('pool-10');
    expect(path).toMatch(/^\/tmp\/highball-\w{6}\/pool-10\.sock$/);
    expect(existsSync(dirname(path))).toBe(true);
    sockets.remove();
    expect(existsSync(dirname(path))).toBe(false);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
});
