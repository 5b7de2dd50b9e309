import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { validate } from '@highball/gateway-validator';
import { toNode } from '@highball/node-adapter';
import { RawClient, temporaryFolder } from '@highball/testkit';
import express from 'express';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { staticCache } from '../src/index.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const ends: (() => unknown)[] = [];
beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'docs'));
  const files = {
    'a.txt': '0123456789',
    'docs/index.html': 'docs',
    'app.js': 'plain',
    'app.js.br': 'brotli',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
  await writeFile(join(folder.path, 'large.bin'), Buffer.alloc(3_000_000, 'x'));
});
afterAll(() => folder[Symbol.asyncDispose]());
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function onNode(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ends.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function onWorker(app: Application): Promise<string> {
  const worker = createWorker(app);
  const { port } = await worker.listen({ port: 0 });
  ends.push(() => worker.close());
  return `http://127.0.0.1:${port}`;
}

const SERVERS: [string, (app: Application) => Promise<string>][] = [
  ['async-worker', onWorker],
  ['node:http by toNode', (app) => onNode(toNode(app))],
  ['Express by toNode', (app) => onNode(express().use(toNode(app)))],
];

describe.each(SERVERS)('on %s, held to the protocol', (_, serve) => {
  const checked = (): Promise<string> => serve(validate(staticCache(folder.path, { autoindex: true })));

  test.each([
    ['GET', '/a.txt', {}, 200, '0123456789'],
    ['HEAD', '/a.txt', {}, 200, ''],
    ['GET', '/a.txt', { Range: 'bytes=-3' }, 206, '789'],
    ['GET', '/a.txt', { 'If-None-Match': '*' }, 304, ''],
    ['GET', '/a.txt', { 'If-Match': '"x"' }, 412, '412 Precondition Failed\n'],
    ['GET', '/a.txt', { Range: 'bytes=10-' }, 416, '416 Range Not Satisfiable\n'],
    ['GET', '/app.js', { 'Accept-Encoding': 'identity' }, 200, 'plain'],
    ['GET', '/docs/', {}, 200, 'docs'],
    ['GET', '/nothing', {}, 404, '404 Not Found\n'],
    ['HEAD', '/nothing', {}, 404, ''],
    ['POST', '/a.txt', {}, 405, '405 Method Not Allowed\n'],
    ['OPTIONS', '/a.txt', {}, 204, ''],
  ] as const)('%s %s %j is %d', async (method, path, headers, status, body) => {
    const response = await fetch((await checked()) + path, { method, headers });
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test('a large file, several parts of it, and a listing', async () => {
    const base = await checked();
    const whole = await (await fetch(`${base}/large.bin`)).arrayBuffer();
    expect(whole.byteLength).toBe(3_000_000);
    const parts = await fetch(`${base}/large.bin`, { headers: { Range: 'bytes=0-9,2000000-2000009' } });
    expect(parts.status).toBe(206);
    expect((await parts.text()).length).toBe(Number(parts.headers.get('content-length')));
    expect(await (await fetch(`${base}/`, { headers: { Accept: 'text/html' } })).text()).toContain(
      'large.bin',
    );
  });
});

describe('in Express', () => {
  test('what is no file goes on to the next handler, and a mount is not part of the name', async () => {
    const site = express();
    // An answer that fails with nothing is what `next()` is for Express.
    const files = toNode(staticCache(folder.path, { fallthrough: () => Promise.reject() }));
    site.use('/files', files);
    site.use((request, response) => void response.status(299).send(`next ${request.originalUrl}`));
    const base = await onNode(site);
    expect(await (await fetch(`${base}/files/a.txt`)).text()).toBe('0123456789');
    expect((await fetch(`${base}/files/docs`, { redirect: 'manual' })).headers.get('location')).toBe(
      './docs/',
    );
    expect(await (await fetch(`${base}/files/docs`)).text()).toBe('docs');
    expect(await (await fetch(`${base}/files/nothing`)).text()).toBe('next /files/nothing');
    expect((await fetch(`${base}/files/a.txt`, { method: 'POST' })).status).toBe(299);
  });
});

test('a client that leaves in the middle gives its descriptor back, and others are served on', async () => {
  const base = await onWorker(staticCache(folder.path));
  const port = Number(new URL(base).port);
  for (let i = 0; i < 5; i++) {
    const client = await RawClient.connect(port);
    client.send('GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('Content-Length: 3000000');
    client.destroy();
  }
  expect((await (await fetch(`${base}/large.bin`)).arrayBuffer()).byteLength).toBe(3_000_000);
});
