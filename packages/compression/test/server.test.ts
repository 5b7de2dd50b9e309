import zlib from 'node:zlib';
import type { Application, ResponseBody } from '@highball/gateway-protocol';
import type { RawClient } from '@highball/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { answering, piecewise, serve, TEXT, until } from './support.ts';

afterEach(() => void vi.restoreAllMocks());

const get = (path: string, ...lines: string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: a', 'Accept-Encoding: gzip', ...lines].join('\r\n')}\r\n\r\n`;

/** The body of a chunked response, as far as it has come. */
function dechunk(text: string): Buffer {
  const pieces: string[] = [];
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4);
  for (;;) {
    const [, size, more] = /^([0-9a-f]+)\r\n([^]*)$/.exec(rest) ?? [];
    const length = Number.parseInt(size ?? '0', 16);
    if (more === undefined || length === 0 || more.length < length) break;
    pieces.push(more.slice(0, length));
    rest = more.slice(length + 2);
  }
  return Buffer.from(pieces.join(''), 'latin1');
}

const readable = (client: RawClient): string =>
  zlib.gunzipSync(dechunk(client.received), { finishFlush: zlib.constants.Z_SYNC_FLUSH }).toString();

/** Endless pieces that do not get smaller; counts what was asked for. */
function endless(): { body: ResponseBody; asked(): number; closed(): boolean } {
  let bytes = 0;
  let closed = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      bytes += 65_536;
      yield crypto.getRandomValues(new Uint8Array(65_536));
    }
  }
  const body = Object.assign(pieces(), { close: () => void (closed = true) });
  return { body, asked: () => bytes, closed: () => closed };
}

test('a whole body over a real connection, twice, kept alive; and what HEAD says of it', async () => {
  await using server = await serve(answering([TEXT], [['Content-Length', String(TEXT.length)]]));
  const client = await server.connect();
  client.send(get('/'));
  const head = await client.until(/\r\n\r\n/);
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).toContain('\r\nContent-Encoding: gzip\r\n');
  expect(head).toContain('\r\nVary: Accept-Encoding\r\n');
  const length = Number(/Content-Length: (\d+)/.exec(head)?.[1]);
  const start = head.indexOf('\r\n\r\n') + 4;
  await until(() => client.received.length >= start + length);
  expect(zlib.gunzipSync(Buffer.from(client.received.slice(start), 'latin1')).toString()).toBe(TEXT);
  client.received = '';
  client.send(get('/', 'Connection: close').replace('GET', 'HEAD'));
  await client.closed;
  expect(client.received).toContain('Content-Encoding: gzip');
  expect(client.received).not.toContain('Content-Length');
  expect(client.received.split('\r\n\r\n')[1]).toBe('');
  expect(server.errors).toEqual([]);
});

test('each server-sent event can be read by the client before the next is made', async () => {
  let next = (): void => undefined;
  async function* events(): AsyncGenerator<string> {
    for (let i = 1; i <= 3; i++) {
      yield `data: ${i}\n\n`;
      await new Promise<void>((resolve) => (next = resolve));
    }
  }
  const app: Application = (_, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/event-stream']]);
    return events();
  };
  await using server = await serve(app);
  const client = await server.connect();
  client.send(get('/', 'Connection: close'));
  for (let i = 1; i <= 3; i++) {
    await until(() => client.received.includes('\r\n\r\n') && dechunk(client.received).length > 0 && readable(client).endsWith(`data: ${i}\n\n`)); // prettier-ignore
    next();
  }
  await client.closed;
  expect(zlib.gunzipSync(dechunk(client.received)).toString()).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n');
  expect(server.errors).toEqual([]);
});

test('a client that reads nothing stops the body behind the encoder', async () => {
  const { body, asked, closed } = endless();
  await using server = await serve(answering(body));
  const client = await server.connect();
  client.socket.pause();
  client.send(get('/'));
  await until(() => asked() > 0);
  // It stands still for longer than a stall of the machine: else the test fails by the sum below.
  for (let before = -1; before !== asked();) {
    before = asked();
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  // What the sockets of both sides hold, and little more.
  expect(asked()).toBeLessThan(16_000_000);
  client.destroy();
  await until(closed);
});

test('clients that leave in the middle leave no compressor behind', async () => {
  const streams: zlib.Gzip[] = [];
  const createGzip = zlib.createGzip;
  vi.spyOn(zlib, 'createGzip').mockImplementation((options) => {
    const stream = createGzip(options);
    streams.push(stream);
    return stream;
  });
  let closed = 0;
  const app: Application = (environ, startResponse) => {
    const { body } = endless();
    const made =
      environ.PATH_INFO === '/writes' ? undefined : Object.assign(body, { close: () => void closed++ });
    if (made !== undefined) return answering(made)(environ, startResponse) as ResponseBody;
    const write = startResponse('200 OK', [['Content-Type', 'text/plain']]);
    const isGone = (): boolean | undefined => environ['highball.signal']?.().aborted;
    return (async () => {
      while (!isGone()) await write(crypto.getRandomValues(new Uint8Array(10_000)));
      closed++;
      return [];
    })();
  };
  await using server = await serve(app, { maxConcurrent: 30 });
  const clients = await Promise.all(Array.from({ length: 30 }, () => server.connect()));
  for (const [i, client] of clients.entries()) client.send(get(i % 3 === 0 ? '/writes' : '/'));
  await Promise.all(clients.map((client) => client.until(/\r\n\r\n[^]{1000}/)));
  expect(streams).toHaveLength(30);
  expect(streams.some(({ destroyed }) => destroyed)).toBe(false);
  for (const client of clients) client.destroy();
  await until(() => closed === 30 && streams.every(({ destroyed }) => destroyed));
  // All places are free again.
  const again = await server.connect();
  again.send(get('/'));
  expect(await again.until(/\r\n\r\n/)).toContain('Content-Encoding: gzip');
});

test('a body that fails in the middle is cut, so that it does not look whole', async () => {
  async function* failing(): AsyncGenerator<string> {
    yield TEXT;
    throw new Error('the database is gone');
  }
  await using server = await serve((environ, startResponse) => answering(failing())(environ, startResponse));
  const client = await server.connect();
  client.send(get('/'));
  await client.closed;
  expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/);
  expect(server.errors.join()).toContain('the database is gone');
});

test('trailers come behind an encoded body, whole or in pieces', async () => {
  await using server = await serve((environ, startResponse) => {
    environ['highball.send_trailers']?.([['X-Checksum', '7']]);
    const body = environ.PATH_INFO === '/whole' ? [TEXT] : piecewise(TEXT);
    return answering(body)(environ, startResponse);
  });
  for (const path of ['/whole', '/pieces']) {
    const client = await server.connect();
    client.send(get(path, 'Connection: close'));
    await client.closed;
    expect(client.received).toMatch(/\r\n0\r\nX-Checksum: 7\r\n\r\n$/);
    expect(zlib.gunzipSync(dechunk(client.received)).toString()).toBe(TEXT);
  }
});

test('a client of HTTP/1.0 gets the encoded body up to the end of the connection', async () => {
  await using server = await serve((environ, startResponse) =>
    answering(piecewise(TEXT))(environ, startResponse),
  );
  const client = await server.connect();
  client.send('GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n');
  await client.closed;
  const body = client.received.slice(client.received.indexOf('\r\n\r\n') + 4);
  expect(zlib.gunzipSync(Buffer.from(body, 'latin1')).toString()).toBe(TEXT);
});
