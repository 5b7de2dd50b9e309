import { describe, expect, test } from 'vitest';
import { deferred, get, serve, until } from './support.ts';

/** How much is moved; more than any buffer on the way could hide. */
const BYTES = 1_073_741_824;
const PIECE = Buffer.alloc(65_536, 'x');
const PIECES = Math.ceil(BYTES / PIECE.length);
/** Two kernel buffers of loopback, at their largest (tcp_wmem, tcp_rmem), and what we hold ourselves. */
const MAX_AHEAD = 16_777_216;
const TIMEOUT_MS = 120_000;

describe('a slow reader of a large response', () => {
  test.each(['sync', 'async'])('holds up a %s application', { timeout: TIMEOUT_MS }, async (kind) => {
    let made = 0;
    let closed = false;
    const pieces = function* body(): Generator<Buffer> {
      for (; made < PIECES; made++) yield PIECE;
    };
    await using server = await serve((_environ, start) => {
      start('200 OK', [['Content-Length', String(PIECES * PIECE.length)]]);
      const body = kind === 'sync' ? pieces() : (async function* body() { yield* pieces(); })(); // prettier-ignore
      return Object.assign(body, { close: () => void (closed = true) });
    });
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
    client.send(get('/'));
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, made * PIECE.length - received)), 1);
    await until(() => made > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await until(() => received >= PIECES * PIECE.length, TIMEOUT_MS);
    clearInterval(watch);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MAX_AHEAD);
    await until(() => closed);
  });

  test('that leaves ends the application', async () => {
    let made = 0;
    let closed = false;
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      const body = (function* body() { for (; ; made++) yield PIECE; })(); // prettier-ignore
      return Object.assign(body, { close: () => void (closed = true) });
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(get('/'));
    await until(() => made > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = made;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(made).toBe(before);
    client.socket.resetAndDestroy();
    await until(() => closed);
    expect(made * PIECE.length).toBeLessThan(MAX_AHEAD);
  });
});

describe('a slow application with a large upload', () => {
  test.each(['Content-Length', 'chunked'])(
    'holds up the client (%s)',
    { timeout: TIMEOUT_MS },
    async (framing) => {
      let read = 0;
      const go = deferred();
      await using server = await serve(async (environ, start) => {
        await go.promise;
        for await (const piece of environ['wsgi.input']) {
          const before = read;
          read += piece.length;
          if (Math.floor(before / 1_048_576) !== Math.floor(read / 1_048_576)) {
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
        start('200 OK', []);
        return [String(read)];
      });
      const client = await server.connect();
      const total = PIECES * PIECE.length;
      const chunked = framing === 'chunked';
      client.send(
        `POST / HTTP/1.1\r\nHost: x\r\n${chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${total}`}\r\n\r\n`,
      );
      let sent = 0;
      let most = 0;
      const upload = async (): Promise<void> => {
        const piece = chunked ? Buffer.concat([Buffer.from('10000\r\n'), PIECE, Buffer.from('\r\n')]) : PIECE;
        for (; sent < total; sent += PIECE.length) {
          most = Math.max(most, sent - client.socket.writableLength - read);
          if (!client.socket.write(piece))
            await new Promise((resolve) => client.socket.once('drain', resolve));
        }
        if (chunked) client.send('0\r\n\r\n');
      };
      const uploading = upload();
      await new Promise((resolve) => setTimeout(resolve, 150));
      const held = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(sent).toBe(held);
      expect(sent).toBeLessThan(MAX_AHEAD);
      go.resolve();
      await uploading;
      await client.until(`\r\n\r\n${total}`, TIMEOUT_MS);
      expect(most).toBeLessThan(MAX_AHEAD);
    },
  );
});
