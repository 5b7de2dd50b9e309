import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { exchange } from '@highball/testkit';
import { afterAll, expect, test } from 'vitest';
import { rewrite } from '../src/index.ts';

const echo: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [`${environ.PATH_INFO} ${environ.QUERY_STRING}`];
};
const errors: unknown[] = [];
const silent = (): void => undefined;
const log = {
  error: (_: string, details?: object) => errors.push(details),
  warn: silent,
  info: silent,
  debug: silent,
};
const rules = rewrite([
  { path: '/blogs/:year/', rewrite: '/Posts?Year={year}' },
  { path: '/old', redirect: '/new', status: 301 },
  { path: '/round', rewrite: '/round', flag: 'last' },
]);
const worker = createWorker(rules(echo), { log });
const { port } = await worker.listen({ port: 0 });
afterAll(() => worker.close());

const get = (path: string): Promise<string> =>
  exchange(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);

test('a request over a socket reaches the application under its new address', async () => {
  expect(await get('/blogs/2006/?a=b')).toMatch(/\r\n\r\n\/Posts Year=2006&a=b$/);
});

test('a client is sent elsewhere', async () => {
  expect(await get('/old')).toMatch(/^HTTP\/1\.1 301 Moved Permanently\r\nLocation: \/new\r\n/);
});

test('rules that loop are 500 for the client, and named in the log', async () => {
  expect(await get('/round')).toMatch(/^HTTP\/1\.1 500 /);
  expect(errors).toEqual([
    expect.objectContaining({ err: expect.objectContaining({ code: 'LOOP' }) as unknown }),
  ]);
});
