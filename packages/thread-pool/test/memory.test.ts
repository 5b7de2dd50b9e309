import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { bodyOf, request, serve, until } from './support.ts';

/** How much is moved each way: two hundred megabytes, or what HIGHBALL_MEMORY_BYTES says, as 1073741824. */
const BYTES = Number(process.env['HIGHBALL_MEMORY_BYTES'] ?? 209_715_200);
const PIECE = Buffer.alloc(65_536, 'x');
const PIECES = Math.ceil(BYTES / PIECE.length);
const WINDOW_BYTES = 262_144;
/** A body that is held up may take its window, what one read of a socket brought, and kernel buffers of loopback. */
const MAX_BUFFERED = WINDOW_BYTES + PIECE.length;
/** Half of what is moved: memory that waits for the garbage collector of either thread is no leak. */
const MAX_RSS_GROWTH = 104_857_600;
const TIMEOUT_MS = 120_000;

/** Watches what a pool holds, and what the process takes. */
function watch(stats: () => { bufferedBytes: number }): { stop(): { buffered: number; rss: number } } {
  const base = process.memoryUsage.rss();
  let buffered = 0;
  let rss = 0;
  const timer = setInterval(() => {
    buffered = Math.max(buffered, stats().bufferedBytes);
    rss = Math.max(rss, process.memoryUsage.rss() - base);
  }, 1);
  return {
    stop: () => {
      clearInterval(timer);
      return { buffered, rss };
    },
  };
}

test(
  'a body that goes in and out at the same time is the same at the end',
  { timeout: TIMEOUT_MS },
  async () => {
    await using server = await serve({ windowBytes: 16_384 });
    const client = await server.connect();
    const sent = randomBytes(8_388_608);
    const received: Buffer[] = [];
    client.socket.removeAllListeners('data').on('data', (piece: Buffer) => received.push(piece));
    client.send(request('POST', '/mirror', [`Content-Length: ${sent.length}`, 'Connection: close'], ''));
    client.send(sent);
    await client.closed;
    expect(unchunk(Buffer.concat(received)).equals(sent)).toBe(true);
  },
);

/** The body of a chunked response (RFC 9112 §7.1). */
function unchunk(response: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let at = response.indexOf('\r\n\r\n') + 4;
  for (;;) {
    const lineEnd = response.indexOf('\r\n', at);
    const size = Number.parseInt(response.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(response.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

describe('a slow reader of a large response', () => {
  test('holds up the application in its thread', { timeout: TIMEOUT_MS }, async () => {
    await using server = await serve({ windowBytes: WINDOW_BYTES });
    const client = await server.connect();
    let received = 0;
    client.socket.removeAllListeners('data').on('data', (piece: Buffer) => {
      received += piece.length;
      // Slow: it looks away for a moment after each megabyte.
      if (received % 1_048_576 < piece.length) {
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 1);
      }
    });
    client.socket.pause();
    const watched = watch(() => server.pool.stats());
    client.send(request('GET', `/download?pieces=${PIECES}`));
    await until(() => server.pool.stats().bufferedBytes > WINDOW_BYTES / 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.pool.stats().active).toBe(1);
    client.socket.resume();
    await until(() => received >= PIECES * PIECE.length, TIMEOUT_MS);
    const { buffered, rss } = watched.stop();
    expect(buffered).toBeGreaterThan(WINDOW_BYTES / 2);
    expect(buffered).toBeLessThanOrEqual(MAX_BUFFERED);
    expect(rss).toBeLessThan(MAX_RSS_GROWTH);
  });
});

describe('a slow application with a large upload', () => {
  test('holds up the client', { timeout: TIMEOUT_MS }, async () => {
    await using server = await serve({ windowBytes: WINDOW_BYTES });
    const client = await server.connect();
    const watched = watch(() => server.pool.stats());
    const total = PIECES * PIECE.length;
    client.send(request('POST', '/upload?ms=1', [`Content-Length: ${total}`, 'Connection: close']));
    for (let sent = 0; sent < total; sent += PIECE.length) {
      if (!client.socket.write(PIECE)) await new Promise((resolve) => client.socket.once('drain', resolve));
    }
    await client.closed;
    expect(bodyOf(client.received)).toBe(String(total));
    const { buffered, rss } = watched.stop();
    expect(buffered).toBeGreaterThan(0);
    expect(buffered).toBeLessThanOrEqual(MAX_BUFFERED);
    expect(rss).toBeLessThan(MAX_RSS_GROWTH);
  });

  test('that reads nothing is sent a window of it, and the rest waits with the client', async () => {
    await using server = await serve({ windowBytes: WINDOW_BYTES });
    const client = await server.connect();
    client.send(request('POST', '/never', ['Content-Length: 1073741824']));
    let taken = 0;
    const send = (): void => {
      while (client.socket.write(PIECE)) taken += PIECE.length;
    };
    client.socket.on('drain', send);
    send();
    await until(() => server.pool.stats().bufferedBytes > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(taken).toBe(held);
    expect(server.pool.stats().bufferedBytes).toBeLessThanOrEqual(MAX_BUFFERED);
  });
});
