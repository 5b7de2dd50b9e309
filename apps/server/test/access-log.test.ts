import { exchange, highball, type Program, temporaryFolder } from '@highball/testkit';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = `export const app = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain'], ['X-Answer', '42']]);
  return ['Hello'];
};`;

/** Runs a server in a folder of its own. */
async function serve(...options: string[]): Promise<{
  path: string;
  server: Program;
  port: number;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const server = highball(['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '2', ...options], {
    cwd: folder.path,
  });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  return {
    path: folder.path,
    server,
    port: Number(port),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;

test('writes a line for each response, and all of them before it stops', async () => {
  await using site = await serve('--access-log', 'access.log');
  await exchange(site.port, get('/a?b=c', 'User-Agent: me "and" you\r\nReferer: http://x/\r\n'));
  await exchange(site.port, 'GET / HTTP/9\r\n\r\n');
  await site.server.stop();
  const lines = (await readFile(join(site.path, 'access.log'), 'utf8')).trimEnd().split('\n');
  expect(lines[0]).toMatch(
    /^127\.0\.0\.1 - - \[.+\] "GET \/a\?b=c HTTP\/1\.1" 200 5 "http:\/\/x\/" "me \\x22and\\x22 you"$/,
  );
});

test('has the format that is wanted, with the fields of the response', async () => {
  await using site = await serve(
    '--access-log',
    '-',
    '--access-log-format',
    '$status $sent_http_x_answer $uri',
  );
  await exchange(site.port, get('/a%20b'));
  await site.server.until(/^200 42 \/a b$/m);
});

test('goes on in a new file on USR1, after the old one was moved', async () => {
  await using site = await serve('--access-log', 'access.log', '--access-log-format', '$request_uri');
  const [file, old] = [join(site.path, 'access.log'), join(site.path, 'access.log.1')];
  await exchange(site.port, get('/before'));
  await expect.poll(() => readFile(file, 'utf8')).toBe('/before\n');
  await rename(file, old);
  site.server.signal('SIGUSR1');
  await expect.poll(() => readFile(file, 'utf8').catch(() => undefined)).toBe('');
  // Each of the two workers opens it for itself.
  await expect
    .poll(async () => {
      await exchange(site.port, get('/after'));
      await new Promise((resolve) => setTimeout(resolve, 300));
      return readFile(file, 'utf8');
    })
    .toMatch(/^(\/after\n)+$/);
  expect(await readFile(old, 'utf8')).toMatch(/^\/before\n/);
});

test.each([
  [['--access-log', '-', '--access-log-format', '$nothing'], /--access-log-format: .*\$nothing/],
  [['--access-log', 'no/such/folder/access.log'], /cannot write the log .*no\/such\/folder\/access\.log/],
])('what cannot be written is one line at the start: %j', async (options, message) => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', ...options];
  const server = highball(args, { cwd: folder.path });
  expect(await server.exited).not.toBe(0);
  expect(server.stderr.trim().split('\n').at(-1)).toMatch(message);
});
