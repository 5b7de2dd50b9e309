import { once } from 'node:events';
import { Socket } from 'node:net';
import type { BodyChunk, Environ, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { forwardProxy, type ForwardProxyOptions, type ForwardRecord } from '../src/index.ts';
import { ManualClock, startOrigin } from './support.ts';

/** Calls the application as a server would that has none of Highball's own keys. */
async function call(
  url: string,
  more: Partial<Environ> = {},
  options: Partial<ForwardProxyOptions> = {},
): Promise<{ status: string; body: ResponseBody; records: ForwardRecord[] }> {
  const records: ForwardRecord[] = [];
  const app = forwardProxy({
    users: 'anyone',
    allow: ['127.0.0.1:*'],
    onRecord: (record) => void records.push(record),
    ...options,
  });
  let status = '';
  const environ = {
    REQUEST_METHOD: 'GET',
    SERVER_PROTOCOL: 'HTTP/1.1',
    RAW_URI: url,
    REMOTE_ADDR: '192.0.2.1',
    ...more,
  } as unknown as Environ;
  const body = await app(environ, (line) => {
    status = line;
    return () => undefined;
  });
  return { status, body, records };
}

const piecesOf = (body: ResponseBody): AsyncIterator<BodyChunk> =>
  (body as AsyncIterable<BodyChunk>)[Symbol.asyncIterator]();
const ENDLESS = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n';

test('a body that is closed before its end lets the origin go', async () => {
  await using origin = await startOrigin((socket) => socket.write(`${ENDLESS}abc`));
  const { status, body, records } = await call(`http://127.0.0.1:${origin.port}/`);
  expect(status).toBe('200 OK');
  expect(Buffer.from((await piecesOf(body).next()).value as Uint8Array).toString()).toBe('abc');
  void body.close?.();
  await once(origin.sockets[0]!, 'end');
  expect(records).toMatchObject([{ client: '192.0.2.1', status: 200, error: 'CLIENT_GONE' }]);
});

test('an answer that nobody reads is left at the origin', async () => {
  await using origin = await startOrigin((socket) => {
    socket.write(ENDLESS);
    socket.write(Buffer.alloc(50_000_000));
  });
  const { body } = await call(`http://127.0.0.1:${origin.port}/`);
  await piecesOf(body).next();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(origin.sockets[0]?.writableLength).toBeGreaterThan(10_000_000);
  void body.close?.();
});

test('a reader who takes a long time is not taken for a silent origin', async () => {
  const clock = new ManualClock();
  await using origin = await startOrigin((socket) => socket.write(`${ENDLESS}abc`));
  const { body, records } = await call(
    `http://127.0.0.1:${origin.port}/`,
    {},
    { clock, idleTimeoutMs: 1000 },
  );
  const pieces = piecesOf(body);
  await pieces.next();
  clock.advance(5000);
  expect(records).toEqual([]);
  const next = pieces.next();
  // By now it is the origin that is waited for.
  await new Promise(setImmediate);
  clock.advance(1000);
  await expect(next).rejects.toMatchObject({ code: 'IDLE_TIMEOUT' });
});

test('behind a request no timer stays', async () => {
  const clock = new ManualClock();
  await using origin = await startOrigin((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'));
  const { status, records } = await call(`http://127.0.0.1:${origin.port}/`, {}, { clock });
  expect(status).toBe('204 No Content');
  expect(records).toMatchObject([{ status: 204, error: undefined }]);
  expect(clock.waiting).toBe(0);
});

describe('the body of a request', () => {
  const input = (pieces: () => AsyncGenerator<Uint8Array>): Environ['wsgi.input'] =>
    ({ [Symbol.asyncIterator]: pieces }) as unknown as Environ['wsgi.input'];

  test('that breaks off breaks the request', async () => {
    await using origin = await startOrigin(() => undefined);
    const broken = input(async function* pieces() {
      yield Buffer.from('abc');
      throw new Error('the client is gone');
    });
    const { status, records } = await call(`http://127.0.0.1:${origin.port}/`, {
      REQUEST_METHOD: 'POST',
      CONTENT_LENGTH: '10',
      'wsgi.input': broken,
    });
    expect(status).toMatch(/^499 /);
    expect(records).toMatchObject([{ error: 'CLIENT_GONE', sentBytes: 3 }]);
  });

  test('is not read any further once the answer is complete', async () => {
    await using origin = await startOrigin((socket) =>
      socket.end('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n'),
    );
    let read = 0;
    const endless = input(async function* pieces() {
      for (; ; read++) {
        await new Promise(setImmediate);
        yield Buffer.alloc(10);
      }
    });
    const { status } = await call(`http://127.0.0.1:${origin.port}/`, {
      REQUEST_METHOD: 'POST',
      HTTP_TRANSFER_ENCODING: 'chunked',
      'wsgi.input': endless,
    });
    expect(status).toBe('401 No');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const before = read;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(read).toBe(before);
  });
});

describe('a client that leaves before there is a connection', () => {
  test('has it given up', async () => {
    const leaving = new AbortController();
    const socket = new Socket();
    const calling = call(
      'http://127.0.0.1:8000/',
      { 'highball.signal': () => leaving.signal },
      { connect: () => socket },
    );
    await new Promise(setImmediate);
    leaving.abort();
    expect((await calling).status).toMatch(/^499 /);
    expect(socket.destroyed).toBe(true);
  });

  test('even before it was begun', async () => {
    const { status, records } = await call(
      'http://name.test/',
      { 'highball.signal': () => AbortSignal.abort() },
      { allow: ['*'], resolve: () => new Promise(() => undefined) },
    );
    expect(status).toMatch(/^499 /);
    expect(records).toMatchObject([{ error: 'CLIENT_GONE' }]);
  });

  test('or when it comes, and then it leaves none at the destination', async () => {
    await using origin = await startOrigin(() => undefined);
    const gone = (): never => {
      throw new Error('the client is gone');
    };
    const more = { REQUEST_METHOD: 'CONNECT', 'highball.upgrade': gone };
    const { status, records } = await call(`127.0.0.1:${origin.port}`, more);
    expect(status).toMatch(/^499 /);
    expect(records).toMatchObject([{ error: 'CLIENT_GONE' }]);
    await expect.poll(() => origin.sockets[0]?.readableEnded || origin.sockets[0]?.destroyed).toBe(true);
  });
});
