import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { Output, type OutputSocket } from '../src/output.ts';
import { Response } from '../src/response.ts';
import { sendBody } from '../src/send-body.ts';
import { ServerFields } from '../src/server-fields.ts';
import { TextWriter } from '../src/text-writer.ts';
import { FakeSocket } from './fake-socket.ts';
import { get, last, serve, statusesOf, until } from './support.ts';

/** A response on a socket that has always room. */
function makeResponse(): { socket: FakeSocket; output: Output; response: Response } {
  const socket = new FakeSocket();
  const output = new Output(socket as unknown as OutputSocket);
  const context = { head: { method: 'GET', minorVersion: 1 as const }, mayPersist: () => true };
  return {
    socket,
    output,
    response: new Response(
      { ...context, serverFields: new ServerFields(false, () => 0) },
      new TextWriter(output),
    ),
  };
}

/** Pieces without an end. */
function* endless(piece: Uint8Array | string): Generator<Uint8Array | string> {
  for (;;) yield piece;
}

async function* endlessly(piece: Uint8Array | string): AsyncGenerator<Uint8Array | string> {
  for (;;) yield piece;
}

describe('a body of pieces', () => {
  test('each piece is written before the next is asked for, also within a read', () => {
    const { socket, output, response } = makeResponse();
    response.start('200 OK', [['Date', 'today']]);
    const seen: string[] = [];
    const body = (function* body() {
      yield 'one';
      seen.push(socket.writes.join(''));
      yield 'two';
      seen.push(socket.writes.join(''));
    })();
    output.hold();
    expect(sendBody(body, response, output)).toBeUndefined();
    const head = 'HTTP/1.1 200 OK\r\nDate: today\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(seen).toEqual([`${head}3\r\none\r\n`, `${head}3\r\none\r\n3\r\ntwo\r\n`]);
  });

  test.each(['generator', 'async generator'])(
    'a %s has the loop for itself only for a while',
    async (kind) => {
      for (const piece of ['x', Buffer.alloc(30_000)]) {
        const { output, response } = makeResponse();
        response.start('200 OK', []);
        let made = 0;
        let madeBeforeOthers: number | undefined;
        setImmediate(() => (madeBeforeOthers = made));
        const pieces = function* body(): Generator<string | Buffer> {
          for (; made < 5000; made++) yield piece;
        };
        await sendBody(kind === 'generator' ? pieces() : (async function* body() { yield* pieces(); })(), response, output); // prettier-ignore
        expect(made).toBe(5000);
        expect(madeBeforeOthers).toBeLessThan(1100);
      }
    },
  );

  test.each<[string, () => Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>]>([
    ['a generator of small pieces', () => endless('x')],
    ['a generator of large pieces', () => endless(Buffer.alloc(30_000))],
    ['an async generator', () => endlessly(Buffer.alloc(30_000))],
    ['an async generator of small pieces', () => endlessly('x')],
  ])('%s without an end, and a client that takes all of it, leave time for others', async (_name, make) => {
    const app: Application = (environ, start) => {
      start('200 OK', []);
      return environ.PATH_INFO === '/endless' ? make() : ['quick'];
    };
    await using server = await serve(app);
    const greedy = await server.connect();
    let taken = 0;
    greedy.socket.removeAllListeners('data').on('data', (piece: Buffer) => (taken += piece.length));
    greedy.send(get('/endless'));
    await until(() => taken > 100_000);
    expect(statusesOf(await server.exchange(last('/')))).toEqual([200]);
  });

  test('an array of many large pieces waits for a slow client, and arrives whole', async () => {
    const pieces = Array.from({ length: 200 }, (_, i) => Buffer.alloc(50_000, i));
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return pieces;
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(last('/'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.closed;
    const body = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
    expect(Buffer.from(body, 'latin1').equals(Buffer.concat(pieces))).toBe(true);
  });

  test('one large piece arrives whole, as bytes and as text', async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
    const text = 'grün '.repeat(400_000);
    await using server = await serve((environ, start) => {
      start('200 OK', []);
      return environ.PATH_INFO === '/text' ? new Set([text]) : [bytes];
    });
    const first = await server.exchange(last('/'));
    expect(Buffer.from(first.slice(first.indexOf('\r\n\r\n') + 4), 'latin1').equals(bytes)).toBe(true);
    const second = Buffer.from(await server.exchange(last('/text')), 'latin1').toString();
    expect(second).toContain(`\r\n${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`);
  });
});

describe('a client that leaves', () => {
  test.each([
    ['a generator', (gone: () => void) => (function* body() { try { yield* endless(Buffer.alloc(30_000)); } finally { gone(); } })()],
    ['an async generator', (gone: () => void) => (async function* body() { try { yield* endlessly(Buffer.alloc(30_000)); } finally { gone(); } })()],
  ])('ends %s', async (_name, make) => {
    let ended = 0;
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return make(() => ended++);
    });
    const client = await server.connect();
    client.send(get('/'));
    await client.until('200 OK');
    client.socket.resetAndDestroy();
    await until(() => ended > 0);
    await until(() => server.worker.stats().connections === 0);
    expect(ended).toBe(1);
    expect(server.log.errors()).toEqual([]);
  }); // prettier-ignore
});
