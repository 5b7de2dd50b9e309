import { describe, expect, test } from 'vitest';
import { serve, type TestServer, until } from '../support.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  PREFACE,
  requestLine,
} from './support.ts';

const ENHANCE_YOUR_CALM = 11;
const GET = END_HEADERS | END_STREAM;
const headers = (stream: number, flags = GET): Buffer =>
  frame(FRAME.headers, flags, stream, block(...requestLine()));
const reset = (stream: number): Buffer => frame(FRAME.reset, 0, stream, Buffer.from([0, 0, 0, 8]));

/** The code with which the server ends the connection, once the time for a look at it has come. */
async function endOf(server: TestServer, client: FrameClient): Promise<number> {
  const looking = setInterval(() => server.clock.advance(200), 20);
  try {
    return await client.code();
  } finally {
    clearInterval(looking);
  }
}

/** Sends the same bytes again and again, as fast as they are taken. */
async function flood(client: FrameClient, bytes: Buffer, totalBytes: number): Promise<void> {
  const { socket } = client.raw;
  for (let sent = 0; sent < totalBytes && !socket.destroyed; sent += bytes.length) {
    if (socket.write(bytes)) continue;
    while (socket.writableNeedDrain && !socket.destroyed)
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function repeat(one: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => one));
}

describe('requests that are taken back (CVE-2023-44487)', () => {
  test('at once: the client is sent away', async () => {
    let called = 0;
    await using server = await serve(() => (called++, new Promise(() => undefined)), { http2MaxStreams: 50 });
    const client = await FrameClient.connect(server);
    for (let first = 1; first < 301; first += 60) {
      const ids = Array.from({ length: 30 }, (_, i) => first + 2 * i);
      client.send(...ids.flatMap((id) => [headers(id), reset(id)]));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await client.code()).toBe(ENHANCE_YOUR_CALM);
    expect(called).toBeLessThanOrEqual(101);
    await client.raw.closed;
    expect(server.log.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  test('with the very first bytes: nobody is called', async () => {
    let called = 0;
    await using server = await serve(() => (called++, new Promise(() => undefined)));
    const raw = await server.connect();
    const ids = Array.from({ length: 30 }, (_, i) => 1 + 2 * i);
    const pairs = ids.flatMap((id) => [headers(id), reset(id)]);
    raw.send(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0), ...pairs]));
    await until(() => server.worker.stats().connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(called).toBe(0);
  });

  test('a little later: the same', async () => {
    let called = 0;
    await using server = await serve(() => (called++, new Promise(() => undefined)), { http2MaxStreams: 5 });
    const client = await FrameClient.connect(server);
    for (let id = 1; id < 100 && !client.frames.some(({ type }) => type === FRAME.goaway); id += 2) {
      const before = called;
      client.send(headers(id));
      await until(() => called > before || client.raw.socket.readableEnded);
      client.send(reset(id));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await client.code()).toBe(ENHANCE_YOUR_CALM);
    expect(called).toBe(11);
  });

  test('by making the server reset them (CVE-2025-8671)', async () => {
    let called = 0;
    await using server = await serve(() => (called++, new Promise(() => undefined)), { http2MaxStreams: 5 });
    const client = await FrameClient.connect(server);
    for (let id = 1; id < 100 && !client.frames.some(({ type }) => type === FRAME.goaway); id += 2) {
      const before = called;
      client.send(headers(id));
      await until(() => called > before || client.raw.socket.readableEnded);
      // A window cannot grow by nothing.
      client.send(frame(FRAME.windowUpdate, 0, id, Buffer.alloc(4)));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await client.code();
    expect(called).toBeLessThanOrEqual(11);
  });

  test('a page of pictures that nobody waits for any more is no attack', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await FrameClient.connect(server);
    for (let page = 0; page < 5; page++) {
      const ids = Array.from({ length: 50 }, (_, i) => 100 * page + 2 * i + 1);
      client.send(...ids.map((id) => headers(id)));
      await until(() => server.worker.stats().active === 50);
      client.send(...ids.map(reset));
      await until(() => server.worker.stats().active === 0);
      server.clock.advance(2000);
    }
    expect(client.frames.some(({ type }) => type === FRAME.goaway)).toBe(false);
  });
});

describe('what ends a request with the very first bytes', () => {
  const post = headers(1, END_HEADERS);
  const long = block(...requestLine('/', 'POST'), ['content-length', '1']);
  test.each<[string, Buffer[]]>([
    [
      'a reset for another reason than that nobody waits',
      [headers(1), frame(FRAME.reset, 0, 1, '\0\0\0\x01')],
    ],
    ['the same of one with a body', [post, frame(FRAME.reset, 0, 1, '\0\0\0\x02')]],
    ['a second head', [post, headers(1)]],
    [
      'trailers with a field that only a head may have',
      [post, frame(FRAME.headers, GET, 1, block([':path', '/']))],
    ],
    [
      'more than its Content-Length',
      [frame(FRAME.headers, END_HEADERS, 1, long), frame(FRAME.data, END_STREAM, 1, 'abc')],
    ],
    [
      'less than its Content-Length',
      [frame(FRAME.headers, END_HEADERS, 1, long), frame(FRAME.data, END_STREAM, 1)],
    ],
    ['a window that grows by nothing', [headers(1), frame(FRAME.windowUpdate, 0, 1, Buffer.alloc(4))]],
    ['a client that goes because of an error', [headers(1), frame(7, 0, 0, '\0\0\0\0\0\0\0\x01')]],
  ])('%s is no error of the process', async (_, frames) => {
    await using server = await serve(() => new Promise(() => undefined));
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', note);
    const raw = await server.connect();
    raw.send(Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0), ...frames]));
    await new Promise((resolve) => setTimeout(resolve, 20));
    raw.socket.destroy();
    await until(() => server.worker.stats().connections === 0);
    process.off('uncaughtException', note);
    expect(uncaught).toEqual([]);
  });
});

describe('frames that bring nothing', () => {
  test.each([
    ['window updates', frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]))],
    ['priorities', frame(2, 0, 1, Buffer.from([0, 0, 0, 0, 1]))],
    ['frames of an unknown type', frame(0x20, 0, 0, 'x'.repeat(100))],
    ['empty pieces of a body', frame(FRAME.data, 0, 1)],
  ])('%s end the connection when there is nothing else', async (_, useless) => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await FrameClient.connect(server);
    client.send(headers(1, END_HEADERS));
    await Promise.race([flood(client, repeat(useless, 2000), 12_000_000), client.raw.closed]);
    expect(await endOf(server, client)).toBeGreaterThan(0);
    await until(() => server.worker.stats().connections === 0 || client.raw.socket.readableEnded);
  });

  test('but not while there is a long answer that they are about', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return (async function* body() {
        for (let i = 0; i < 32; i++) yield Buffer.alloc(65_536);
        await new Promise(() => undefined);
      })();
    });
    // SETTINGS_INITIAL_WINDOW_SIZE
    const client = await FrameClient.connect(server, Buffer.from([0, 4, 0, 64, 0, 0]));
    client.send(frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 64, 0, 0])), headers(1));
    await until(() => client.raw.received.length > 2_097_152);
    const update = frame(FRAME.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 1]));
    await flood(client, repeat(update, 2000), 12_000_000);
    client.send(frame(FRAME.ping, 0, 0, 'all told'));
    await Promise.race([client.raw.until('all told'), client.raw.closed]);
    server.clock.advance(1000);
    expect(server.log.entries.filter(({ level }) => level === 'warn')).toEqual([]);
    expect(server.worker.stats().active).toBe(1);
  });

  test('pings whose answers nobody takes are not kept', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const raw = await server.connect();
    raw.socket.pause();
    raw.send(PREFACE);
    raw.send(frame(FRAME.settings, 0, 0));
    const before = process.memoryUsage().rss;
    const pings = repeat(frame(FRAME.ping, 0, 0, '12345678'), 5000);
    const looking = setInterval(() => server.clock.advance(200), 20);
    // Far more than the kernel keeps for a client that does not read.
    for (let sent = 0; sent < 20_000_000 && !raw.socket.writableNeedDrain && !raw.socket.destroyed;) {
      raw.socket.write(pings);
      sent += pings.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    clearInterval(looking);
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(150);
    server.clock.advance(1000);
    await until(() => server.worker.stats().connections === 0);
  });

  test('pieces of one byte for an application that does not read', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await FrameClient.connect(server);
    const watching = setInterval(() => server.clock.advance(50), 50);
    for (let id = 1; id < 80 && !client.raw.socket.destroyed; id += 2) {
      client.send(headers(id, END_HEADERS));
      await Promise.race([
        flood(client, repeat(frame(FRAME.data, 0, id, 'x'), 1000), 650_000),
        client.raw.closed,
      ]);
    }
    clearInterval(watching);
    expect(await client.code()).toBe(ENHANCE_YOUR_CALM);
  });
});

describe('heads', () => {
  test('that do not end are cut off (CVE-2024-27316)', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, 0, 1, block(...requestLine())));
    const more = frame(FRAME.continuation, 0, 1, block(['x-a', 'x'.repeat(16_000)]));
    await Promise.race([flood(client, more, 50_000_000), client.raw.closed]);
    await client.raw.closed;
    expect(server.worker.stats().requests).toBe(0);
    await until(() => server.worker.stats().connections === 0);
  });

  test('that are small, and large when unpacked, are refused', async () => {
    await using server = await serve(() => new Promise(() => undefined));
    const client = await FrameClient.connect(server);
    // One field of 4000 bytes goes into the table (RFC 7541 §6.2.1), and is then named again and again by its index, 62.
    const field = block(['x-a', 'x'.repeat(4000)]);
    field[0] = 0x40;
    const bomb = Buffer.concat([block(...requestLine()), field, Buffer.alloc(15_000, 0x80 | 62)]);
    client.send(frame(FRAME.headers, 0, 1, bomb.subarray(0, 16_000)));
    client.send(frame(FRAME.continuation, END_HEADERS | 0, 1, bomb.subarray(16_000)));
    const refused = client.until(({ type, stream }) => type === FRAME.reset && stream === 1);
    await Promise.race([refused.catch(() => undefined), client.raw.closed]);
    expect(server.worker.stats().requests).toBe(0);
  });
});

describe('answers that nobody takes', () => {
  test('are not made ahead: a stream without a window costs what its output may hold', async () => {
    let made = 0;
    const piece = Buffer.alloc(16_384);
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return (function* body() {
        for (;;) {
          made += piece.length;
          yield piece;
        }
      })();
    });
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    const client = await FrameClient.connect(server, Buffer.from([0, 4, 0, 0, 0, 0]));
    client.send(...Array.from({ length: 100 }, (_, i) => headers(2 * i + 1)));
    await client.until(({ stream }) => stream === 199);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.worker.stats().active).toBe(100);
    expect(made / 100).toBeLessThanOrEqual(131_072);
  });

  test('whole ones keep no more streams from beginning', async () => {
    const body = Buffer.alloc(1_000_000);
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return [body];
    });
    const client = await FrameClient.connect(server, Buffer.from([0, 4, 0, 0, 0, 0]));
    client.send(...Array.from({ length: 128 }, (_, i) => headers(2 * i + 1)));
    await client.until(({ stream }) => stream === 255);
    await until(() => server.worker.stats().requests === 128);
    expect(client.frames.filter(({ type }) => type === FRAME.reset)).toEqual([]);
  });

  test('a connection that holds up all its streams can be spared for others', async () => {
    await using server = await serve(
      (_environ, start) => {
        start('200 OK', []);
        return [Buffer.alloc(1_000_000)];
      },
      { workerConnections: 1 },
    );
    const client = await FrameClient.connect(server, Buffer.from([0, 4, 0, 0, 0, 0]));
    client.send(headers(1));
    await client.until(({ stream }) => stream === 1);
    const other = await server.connect();
    for (let i = 0; i < 8; i++) server.clock.advance(1000);
    await client.raw.closed;
    other.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await other.until('200 OK');
  });
});
