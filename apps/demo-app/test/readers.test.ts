import { createWorker } from '@highball/async-worker';
import { exchange, temporaryFolder } from '@highball/testkit';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createBlog } from '../src/app.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

/** A server of the blog, as each of its processes is one. */
async function serveBlog(folder: string): Promise<number> {
  const worker = createWorker(createBlog(folder));
  const { port } = await worker.listen({ port: 0 });
  ends.push(() => worker.close());
  return port;
}

/** A page that somebody has open; `told` is what it was told last. */
type Page = WebSocket & { told?: string };

function openPage(port: number, reader: string, options = {}): Page {
  const page: Page = new WebSocket(`ws://127.0.0.1:${port}/readers?reader=${reader}`, options);
  page.on('message', (data: Buffer) => (page.told = data.toString()));
  page.on('error', () => undefined);
  ends.push(() => page.terminate());
  return page;
}

async function blogs(count: number): Promise<number[]> {
  const folder = await temporaryFolder();
  ends.push(() => folder[Symbol.asyncDispose]());
  return Promise.all(Array.from({ length: count }, () => serveBlog(folder.path)));
}

/** Waits until a page has been told this number. */
async function untilTold(page: { told?: string }, count: string): Promise<void> {
  await expect.poll(() => page.told, { timeout: 5000 }).toBe(count);
}

test('readers are counted once each, by all processes together, and every page is told', async () => {
  const [one = 0, other = 0] = await blogs(2);
  const first = openPage(one, 'reader-one');
  await untilTold(first, '1');
  const copy = openPage(one, 'reader-one');
  await untilTold(copy, '1');
  const second = openPage(other, 'reader-two');
  await untilTold(second, '2');
  await untilTold(first, '2');
});

test('a reader who closes the page is counted no more, unless another tab has the same name', async () => {
  const [port = 0] = await blogs(1);
  const pages = ['reader-one', 'reader-two', 'reader-two'].map((name) => openPage(port, name));
  const [stays, closes, closesToo] = pages as [Page, Page, Page];
  await untilTold(stays, '2');
  await untilTold(closesToo, '2');
  closes.close();
  closesToo.terminate();
  await untilTold(stays, '1');
});

test.each(['', 'short', '<script>alert(1)</script>', 'x'.repeat(65)])(
  'no reader is called "%s"',
  async (name) => {
    const [port = 0] = await blogs(1);
    const head = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13';
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    const path = `/readers?reader=${encodeURIComponent(name)}`;
    expect(
      await exchange(port, `GET ${path} HTTP/1.1\r\n${head}\r\n${key}\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 400 /);
  },
);

test('pages of other sites are not told, and what is no WebSocket is answered 426', async () => {
  const [port = 0] = await blogs(1);
  const foreign = openPage(port, 'reader-one', { origin: 'https://evil.example' });
  const response = new Promise<number | undefined>((resolve) =>
    foreign.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode)),
  );
  expect(await response).toBe(403);
  const plain = 'GET /readers?reader=reader-one HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  expect(await exchange(port, plain)).toMatch(/^HTTP\/1\.1 426 /);
});
