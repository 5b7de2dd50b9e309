import { exchange, highball, type Program, RawClient, temporaryFolder } from '@highball/testkit';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** A site of one configuration, with an application that counts how often it is called. */
async function run(
  config: string,
): Promise<{ port: number; server: Program; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await temporaryFolder();
  await mkdir(join(folder.path, 'public'));
  await writeFile(join(folder.path, 'public/page.html'), '<p>page</p>'.repeat(500));
  await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(folder.path, 'app.js'),
    `let calls = 0;
export const app = (environ, startResponse) => {
  if (environ.PATH_INFO === '/throws') throw new Error('as asked for');
  startResponse(environ.PATH_INFO === '/broken' ? '503 Service Unavailable' : '200 OK', [
    ['Content-Type', 'text/plain'], ['Cache-Control', 'max-age=60'], ['X-Calls', String(++calls)],
  ]);
  return environ.PATH_INFO === '/broken' ? [] : ['text '.repeat(1000)];
};`,
  );
  await writeFile(join(folder.path, 'highball.config.js'), `export default { workers: 1, ...${config} };`);
  const args = ['run', '-c', 'highball.config.js', '-b', '127.0.0.1:0'];
  const server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  return {
    port: Number(port),
    server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields}\r\n`;

test('compress: answers are compressed, but for routes that say otherwise', async () => {
  await using site = await run(`{
    compress: { codings: ['gzip'] },
    routes: [
      { path: '/plain', rewrite: '/other', app: './app.js:app', compress: false },
      { path: '/static/*file', static: './public', prefix: '/static' },
      { app: './app.js:app' },
    ],
  }`);
  const gzip = 'Accept-Encoding: gzip\r\n';
  for (const path of ['/text', '/static/page.html']) {
    const answer = await exchange(site.port, get(path, gzip));
    expect(answer).toContain('\r\nContent-Encoding: gzip\r\n');
    expect(answer.length).toBeLessThan(1000);
  }
  const plain = await exchange(site.port, get('/plain', gzip));
  expect(plain).not.toContain('Content-Encoding');
  expect(plain).toContain('text text');
  const client = await RawClient.connect(site.port);
  client.send(`GET /text HTTP/1.0\r\n${gzip}\r\n`);
  await client.closed;
  const body = Buffer.from(client.received.slice(client.received.indexOf('\r\n\r\n') + 4), 'latin1');
  expect(gunzipSync(body).toString()).toBe('text '.repeat(1000));
});

test('errorPages: errors without a body get one, by what the client asks for', async () => {
  await using site = await run(`{ errorPages: true, routes: [{ app: './app.js:app' }] }`);
  const page = await exchange(site.port, get('/broken', 'Accept: text/html\r\n'));
  expect(page).toMatch(/^HTTP\/1\.1 503 [^]*<!doctype html>/i);
  const json = await exchange(site.port, get('/broken', 'Accept: application/json\r\n'));
  expect(json).toMatch(/Content-Type: application\/problem\+json[^]*"status":\s*503/);
});

test('cache: a route is answered from the cache, others are not', async () => {
  await using site = await run(`{
    routes: [
      { path: '/cached', app: './app.js:app', cache: true },
      { path: '/fresh', app: './app.js:app' },
    ],
  }`);
  const calls = async (path: string): Promise<string> =>
    /X-Calls: (\d+)/.exec(await exchange(site.port, get(path)))?.[1] ?? '';
  expect(await calls('/cached')).toBe('1');
  expect(await calls('/cached')).toBe('1');
  expect(await calls('/fresh')).toBe('2');
  expect(await calls('/fresh')).toBe('3');
});

test('limits: one count for all workers, kept over a reload', async () => {
  await using site = await run(`{
    workers: 3,
    limits: {
      rules: [{ name: 'few', requestsPerSecond: 0.01, burst: 5, nodelay: true }],
      // On a busy machine too, nobody is to count for itself.
      storeDeadlineMs: 10_000,
    },
    errorPages: true,
    routes: [{ app: './app.js:app' }],
  }`);
  const statuses = async (count: number): Promise<Record<string, number>> => {
    const seen: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      const status = (await exchange(site.port, get('/'))).slice(9, 12);
      seen[status] = (seen[status] ?? 0) + 1;
    }
    return seen;
  };
  // Each connection goes to some worker; together they let six pass, each by itself would have.
  expect(await statuses(20)).toEqual({ 200: 6, 429: 14 });
  const refused = await exchange(site.port, get('/', 'Accept: text/html\r\n'));
  expect(refused).toMatch(/^HTTP\/1\.1 429 [^]*Retry-After: \d+[^]*<!doctype html>/i);
  site.server.signal('SIGHUP');
  await site.server.until(/worker 3 \(pid \d+\) exited/);
  expect(await statuses(3)).toEqual({ 429: 3 });
});

test('forwardProxy: clients get out to where they may, and nobody by default', async () => {
  await using other = await run(`{ routes: [{ app: './app.js:app' }] }`);
  await using site = await run(`{
    forwardProxy: { users: 'anyone', allow: ['127.0.0.1:${other.port}'] },
    compress: { codings: ['gzip'] },
    errorPages: true,
    routes: [{ app: './app.js:app' }],
  }`);
  const out = await exchange(site.port, get(`http://127.0.0.1:${other.port}/there`));
  expect(out).toMatch(/^HTTP\/1\.1 200 [^]*Via: [^]*text text/i);
  expect(await exchange(site.port, get(`http://127.0.0.1:${site.port + 1}/`))).toMatch(/^HTTP\/1\.1 403 /);
  expect(await exchange(site.port, get('/here'))).not.toMatch(/^Via: /im);
  // What others answer is passed on as it is.
  const gzip = 'Accept-Encoding: gzip\r\n';
  expect(await exchange(site.port, get('/here', gzip))).toContain('Content-Encoding: gzip');
  const plain = await exchange(site.port, get(`http://127.0.0.1:${other.port}/there`, gzip));
  expect(plain).not.toContain('Content-Encoding');
  expect(plain).toContain('text text');
  const empty = await exchange(site.port, get(`http://127.0.0.1:${other.port}/broken`));
  expect(empty).toMatch(/^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
  const closed = await exchange(other.port, 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n');
  expect(closed).not.toMatch(/^HTTP\/1\.1 200 Connection/);
});

test('an option that makes no sense is one line at the start', async () => {
  await expect(run(`{ compress: { minBytes: -1 }, routes: [{ app: './app.js:app' }] }`)).rejects.toThrow(
    /minBytes/,
  );
});

test('highball static --autoindex lists a folder', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'a file.txt'), 'x');
  await using server = highball(['static', folder.path, '--autoindex', '-b', '127.0.0.1:0', '-w', '1']);
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  expect(await exchange(Number(port), get('/', 'Accept: text/html\r\n'))).toContain('a%20file.txt');
});

test('highball proxy takes timeouts in seconds, and says what is none', async () => {
  const wrong = highball(['proxy', 'http://127.0.0.1:1', '--read-timeout', 'soon', '-b', '127.0.0.1:0']);
  expect(await wrong.exited).toBe(1);
  expect(wrong.stderr).toBe("highball: --read-timeout must be seconds, from 0 to 2000000, not 'soon'\n");
  await using server = highball([
    'proxy',
    'http://127.0.0.1:1',
    '--connect-timeout',
    '2',
    '-b',
    '127.0.0.1:0',
    '-w',
    '1',
  ]);
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  expect(await exchange(Number(port), get('/'))).toMatch(/^HTTP\/1\.1 502 /);
});

test('errorPages: what the server refuses by itself has the pages of the site', async () => {
  await using site = await run(`{
    limitRequestBody: 10,
    errorPages: { pages: { 431: './public/page.html' } },
    routes: [{ app: './app.js:app' }],
  }`);
  const ask = (text: string): Promise<string> => exchange(site.port, text);
  const body = 'Content-Length: 100\r\nAccept: application/json\r\n';

  // Of a client whose head cannot be read nothing is known: it may be a browser.
  const malformed = await ask('GET / HTTP/1.1\r\nHost : x\r\n\r\n');
  expect(malformed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Content-Type: text\/html/);
  expect(malformed).toMatch(/<!doctype html>/i);
  expect(await ask(get('/', `X: ${'x'.repeat(9000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 [^]*<p>page<\/p>/);
  expect(await ask(get('/', body))).toMatch(/^HTTP\/1\.1 413 [^]*<!doctype html>/i);

  const failing = await ask(get('/throws', 'Accept: application/json\r\n'));
  expect(failing).toMatch(/^HTTP\/1\.1 500 [^]*Content-Type: application\/problem\+json/);
  expect(JSON.parse(failing.slice(failing.indexOf('\r\n\r\n')))).toMatchObject({ status: 500 });
});

test('without errorPages the server refuses in one line', async () => {
  await using site = await run(`{ routes: [{ app: './app.js:app' }] }`);
  expect(await exchange(site.port, 'GET / HTTP/1.1\r\nHost : x\r\n\r\n')).toMatch(
    /\r\n\r\n400 Bad Request\n$/,
  );
});
