import { exchange, RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { get, startProxy } from '../support.ts';
import { bodyOf, startHttp2 } from './support.ts';

const MANY_BYTES = 20_000_000;

test('a client that reads nothing holds up its own answer and no other, and memory is bounded', async () => {
  let written = 0;
  await using upstream = await startHttp2((stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] !== '/big') {
      stream.end('small');
      return;
    }
    const piece = Buffer.alloc(100_000, 'x');
    const write = (): void => {
      while (written < MANY_BYTES) {
        written += piece.length;
        if (!stream.write(piece)) {
          stream.once('drain', write);
          return;
        }
      }
      stream.end();
    };
    write();
  });
  await using proxy = await startProxy([upstream.url]);
  const slow = await RawClient.connect(proxy.port);
  slow.socket.pause();
  slow.send(get('/big'));
  let before = -1;
  // Until no more is taken.
  await expect
    .poll(
      () => {
        const still = written === before && written > 0;
        before = written;
        return still;
      },
      { interval: 300, timeout: 10_000 },
    )
    .toBe(true);
  // Windows, what the proxy keeps, and the buffers of the kernel on the way to the client.
  expect(written).toBeLessThan(10_000_000);
  for (let i = 0; i < 5; i++) expect(await exchange(proxy.port, get('/small'))).toContain('small');
  expect(upstream.sessions).toHaveLength(1);
  slow.socket.resume();
  await slow.closed;
  expect(slow.received.match(/x/g)?.length).toBe(MANY_BYTES);
});

test('an upstream that takes nothing holds up its client', async () => {
  let take = (): Promise<void> => Promise.resolve();
  let got = '';
  await using upstream = await startHttp2((stream) => {
    take = async () => {
      got = await bodyOf(stream);
      stream.respond({ ':status': 200 });
      stream.end('taken');
    };
  });
  await using proxy = await startProxy([upstream.url]);
  const client = await RawClient.connect(proxy.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${MANY_BYTES}\r\n\r\n`);
  client.send('y'.repeat(MANY_BYTES));
  let before = -1;
  await expect
    .poll(
      () => {
        const left = client.socket.writableLength;
        const still = left === before;
        before = left;
        return still;
      },
      { interval: 300, timeout: 10_000 },
    )
    .toBe(true);
  expect(client.socket.writableLength).toBeGreaterThan(0);
  const taken = take();
  await client.until(/taken/, 20_000);
  await taken;
  expect(got.length).toBe(MANY_BYTES);
});

test('an answer that is here as a whole survives its connection', async () => {
  const size = 200_000;
  await using upstream = await startHttp2((stream) => {
    stream.respond({ ':status': 200, 'content-length': size });
    stream.end('x'.repeat(size));
    stream.on('close', () => stream.session?.destroy());
  });
  await using proxy = await startProxy([upstream.url]);
  const slow = await RawClient.connect(proxy.port);
  slow.socket.pause();
  slow.send(get('/'));
  await expect.poll(() => upstream.sessions[0]?.destroyed ?? false).toBe(true);
  slow.socket.resume();
  await slow.closed;
  expect(slow.received.match(/x{2,}/)?.[0].length).toBe(size);
});
