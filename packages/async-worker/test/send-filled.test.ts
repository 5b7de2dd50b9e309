import type { Application, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { Output, type OutputSocket } from '../src/output.ts';
import { Response } from '../src/response.ts';
import { sendFilled } from '../src/send-filled.ts';
import { ServerFields } from '../src/server-fields.ts';
import { TextWriter } from '../src/text-writer.ts';
import { FakeSocket } from './fake-socket.ts';
import { bodyOf, deferred, get, last, serve, statusesOf, until } from './support.ts';

/** A body that writes bytes into the buffers it is lent, and notes these. */
class Source implements AsyncIterable<Uint8Array> {
  readonly buffers: Uint8Array[] = [];
  closed = 0;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  async readInto(buffer: Uint8Array): Promise<number> {
    this.buffers.push(buffer);
    const copied = this.#bytes.copy(buffer, 0, this.#at);
    this.#at += copied;
    return Promise.resolve(copied);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    throw new Error('has another way');
  }

  close(): void {
    this.closed++;
  }
}

const BYTES = Buffer.from(Array.from({ length: 5_000_000 }, (_, i) => i % 251));

function answering(body: ResponseBody, length?: number): Application {
  return (_environ, start) => {
    start('200 OK', length === undefined ? [] : [['Content-Length', String(length)]]);
    return body;
  };
}

/** As the source's own, but its client leaves when the second piece is asked for. */
function slowToEnd(source: Source, leave: () => void): (buffer: Uint8Array) => Promise<number> {
  const readInto = source.readInto.bind(source);
  let asked = 0;
  return async (buffer) => {
    if (asked++ > 0) leave();
    await new Promise((resolve) => setImmediate(resolve));
    return readInto(buffer);
  };
}

/** A response on a socket that takes a piece when `drain` is called. */
function makeResponse(): { socket: FakeSocket; output: Output; response: Response } {
  // With a handle that tells what was taken, so that pieces are written whole.
  const socket = Object.assign(new FakeSocket(), { _handle: { writeQueueSize: 0 } });
  socket.write = (data: string | Uint8Array, encoding?: string) => {
    socket.writableNeedDrain = true;
    return FakeSocket.prototype.write.call(socket, data, encoding);
  };
  const output = new Output(socket as unknown as OutputSocket);
  const context = { head: { method: 'GET', minorVersion: 1 as const }, mayPersist: () => true };
  const serverFields = new ServerFields(false, () => 0);
  const response = new Response({ ...context, serverFields }, new TextWriter(output));
  response.start('200 OK', [['Content-Length', String(BYTES.length)]]);
  return { socket, output, response };
}

describe('a body that fills lent memory', () => {
  test('arrives whole, in memory that is used again, and is closed', async () => {
    const source = new Source(BYTES);
    await using server = await serve(answering(source, BYTES.length));
    expect(Buffer.from(bodyOf(await server.exchange(last('/'))), 'latin1').equals(BYTES)).toBe(true);
    expect(source.closed).toBe(1);
    const used = new Set(source.buffers.map((buffer) => buffer.buffer));
    expect(source.buffers.length).toBeGreaterThan(2 * used.size);
  });

  test('is chunked without a Content-Length', async () => {
    const source = new Source(Buffer.from('some text'));
    await using server = await serve(answering(source));
    expect(bodyOf(await server.exchange(last('/')))).toBe('9\r\nsome text\r\n0\r\n\r\n');
  });

  test('that says that it filled more than it was lent breaks the answer', async () => {
    const body = Object.assign(new Source(BYTES), { readInto: () => Promise.resolve(1e9) });
    await using server = await serve(answering(body));
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.errors().join('\n')).toContain('readInto');
  });

  test('that fails breaks the answer off', async () => {
    const source = new Source(BYTES);
    const readInto = source.readInto.bind(source);
    source.readInto = (buffer) =>
      source.buffers.length < 3 ? readInto(buffer) : Promise.reject(new Error('the disk is gone'));
    await using server = await serve(answering(source, BYTES.length));
    const body = bodyOf(await server.exchange(last('/')));
    expect(body.length).toBeGreaterThan(0);
    expect(body.length).toBeLessThan(BYTES.length);
    expect(source.closed).toBe(1);
  });

  test('is closed when its client leaves, although a piece never comes', async () => {
    const source = new Source(BYTES);
    const asked = deferred();
    source.readInto = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    await using server = await serve(answering(source, BYTES.length));
    const client = await server.connect();
    client.send(get('/'));
    await asked.promise;
    client.socket.resetAndDestroy();
    await until(() => source.closed === 1);
    expect(server.log.errors()).toEqual([]);
  });
});

describe('a client', () => {
  test('that takes pieces at once gets larger ones, and the next is read meanwhile', async () => {
    const { socket, output, response } = makeResponse();
    const source = new Source(BYTES);
    const sending = sendFilled(source, response, output, () => 0);
    await until(() => socket.writes.length > 0);
    expect(source.buffers).toHaveLength(1);
    socket.drain();
    await until(() => source.buffers.length === 3);
    expect(source.buffers[1]!.byteLength).toBeGreaterThan(source.buffers[0]!.byteLength);
    const draining = setInterval(() => socket.drain());
    await sending;
    clearInterval(draining);
    expect(socket.writes.join('').endsWith(BYTES.toString('latin1'))).toBe(true);
  });

  test('gets larger ones also after many short bodies, and clients that left', async () => {
    for (let i = 0; i < 100; i++) {
      const { socket, output, response } = makeResponse();
      const source = new Source(BYTES.subarray(0, 10));
      // The half of them leaves while the second piece is read.
      if (i % 2 === 0) source.readInto = slowToEnd(source, () => response.abort());
      const sending = sendFilled(source, response, output, () => 0);
      await until(() => socket.writableNeedDrain);
      socket.drain();
      await sending.catch(() => undefined);
    }
    const { socket, output, response } = makeResponse();
    const source = new Source(BYTES);
    const sending = sendFilled(source, response, output, () => 0);
    await until(() => socket.writableNeedDrain);
    socket.drain();
    await until(() => source.buffers.length === 3);
    expect(source.buffers[2]!.byteLength).toBeGreaterThan(source.buffers[0]!.byteLength);
    response.abort();
    output.abandon();
    await sending;
  });

  test('that is slow costs one small piece', async () => {
    const { socket, output, response } = makeResponse();
    const source = new Source(BYTES);
    let now = 0;
    const sending = sendFilled(source, response, output, () => (now += 1000));
    for (let piece = 1; piece <= 10; piece++) {
      await until(() => source.buffers.length === piece && socket.writableNeedDrain);
      socket.drain();
    }
    expect(new Set(source.buffers.map((buffer) => buffer.byteLength)).size).toBe(1);
    expect(new Set(source.buffers.map((buffer) => buffer.buffer)).size).toBe(1);
    response.abort();
    output.abandon();
    await sending;
  });
});
