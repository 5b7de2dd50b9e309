import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { DirectWriter } from '../src/index.ts';

const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Two ends of a connection; the far one is not read yet. */
async function pair(path?: string): Promise<Pair> {
  const server: Server = createServer({ pauseOnConnect: true });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  const address = server.address() as AddressInfo | string;
  const near = typeof address === 'string' ? connect(address) : connect(address.port, '127.0.0.1');
  const [[far]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(near, 'connect')]);
  for (const socket of [near, far]) socket.on('error', () => undefined);
  cleanups.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

async function readAll(socket: Socket): Promise<string> {
  socket.setEncoding('latin1');
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}

/** `once` would reject by the error that is expected. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Spies on what goes through the stream. */
function countStreamWrites(socket: Socket): () => number {
  let count = 0;
  const { write } = socket;
  socket.write = ((...args: Parameters<typeof write>) => {
    count++;
    return write.apply(socket, args);
  }) as typeof write;
  return () => count;
}

/** So much does not fit into the buffers of a loopback connection whose other end does not read. */
const MUCH = Buffer.alloc(32 * 1024 * 1024, 'm');

describe.each([
  ['TCP', () => undefined],
  ['a Unix socket', () => join(tmpdir(), `direct-writes-${process.pid}-${Math.random()}.sock`)],
])('on %s', (_, path) => {
  test('text and bytes arrive in order, past the stream', async () => {
    const { near, far } = await pair(path());
    const streamWrites = countStreamWrites(near);
    const writer = new DirectWriter(near, () => undefined);
    for (let i = 0; i < 100; i++) {
      expect(writer.write(i % 2 === 0 ? `${i}\xff;` : Buffer.from(`${i}\xff;`, 'latin1'))).toBe(true);
      expect(writer.pending).toBe(false);
    }
    expect(streamWrites()).toBe(0);
    expect(near.bytesWritten).toBe(390);
    near.end();
    expect(await readAll(far)).toBe(Array.from({ length: 100 }, (__, i) => `${i}\xff;`).join(''));
  });

  test('what the kernel has no room for is pending until it has, and nothing overtakes it', async () => {
    const { near, far } = await pair(path());
    let taken = 0;
    const writer = new DirectWriter(near, () => taken++);
    expect(writer.write(MUCH)).toBe(true);
    expect(writer.pending).toBe(true);
    expect(writer.write('too early')).toBe(false);
    near.write('by the stream;');
    near.end();
    const text = await readAll(far);
    expect(text.length).toBe(MUCH.length + 14);
    expect(text.endsWith('mby the stream;')).toBe(true);
    expect([taken, writer.pending]).toEqual([1, false]);
  });

  test('what waits in the stream is not overtaken', async () => {
    const { near, far } = await pair(path());
    const writer = new DirectWriter(near, () => undefined);
    near.write(MUCH);
    expect(writer.write('late')).toBe(false);
    near.cork();
    expect(writer.write('corked')).toBe(false);
    near.uncork();
    near.end();
    expect((await readAll(far)).length).toBe(MUCH.length);
  });
});

test('memory that was pending is not collected: what arrives is what was written', async () => {
  const { near, far } = await pair();
  const writer = new DirectWriter(near, () => undefined);
  writer.write(Buffer.alloc(MUCH.length, 'k'));
  // Memory that would take the place of what was let go.
  for (let i = 0; i < 8; i++) Buffer.alloc(MUCH.length, 'x');
  globalThis.gc?.();
  near.end();
  const text = await readAll(far);
  expect(text).toBe('k'.repeat(MUCH.length));
});

test('writers share what they need only as long as nothing is pending', async () => {
  const [one, two] = [await pair(), await pair()];
  const writers = [new DirectWriter(one.near, () => undefined), new DirectWriter(two.near, () => undefined)];
  writers[0]!.write(MUCH);
  writers[1]!.write(MUCH);
  expect(writers.map((writer) => writer.pending)).toEqual([true, true]);
  one.near.end();
  two.near.end();
  const lengths = await Promise.all([readAll(one.far), readAll(two.far)]);
  expect(lengths.map((text) => text.length)).toEqual([MUCH.length, MUCH.length]);
  expect(writers.map((writer) => writer.pending)).toEqual([false, false]);
});

test('a peer that has gone is an error of the socket, with its code', async () => {
  const { near, far } = await pair();
  const writer = new DirectWriter(near, () => undefined);
  const failed = closed(near);
  let error: NodeJS.ErrnoException | undefined;
  near.on('error', (err: NodeJS.ErrnoException) => (error = err));
  far.resetAndDestroy();
  await once(far, 'close');
  // The first may still be taken; the reset is on its way.
  while (!near.destroyed) {
    writer.write('anybody there?');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await failed;
  expect(['EPIPE', 'ECONNRESET']).toContain(error?.code);
});

test('a connection that is cut while something is pending tells so, once', async () => {
  const { near, far } = await pair();
  let taken = 0;
  const writer = new DirectWriter(near, () => taken++);
  writer.write(MUCH);
  far.resetAndDestroy();
  await closed(near);
  expect([taken, writer.pending, near.destroyed]).toEqual([1, false, true]);
});

test('a socket that was ended, or is gone, takes nothing', async () => {
  const { near } = await pair();
  const writer = new DirectWriter(near, () => undefined);
  near.end();
  expect(writer.write('behind the end')).toBe(false);
  near.destroy();
  expect(writer.write('behind all')).toBe(false);
});

test.each<[string, object]>([
  ['an encrypted one', { encrypted: true }],
  ['one with another handle', { _handle: { writeBuffer: () => 0 } }],
  ['one without a handle', { _handle: null }],
])('to %s nothing is written so', (_, socket) => {
  const plain = { writable: true, writableLength: 0, writableCorked: 0, connecting: false };
  const writer = new DirectWriter({ ...plain, ...socket } as unknown as Socket, () => undefined);
  expect(writer.write('x')).toBe(false);
});

test('a socket that is not connected yet takes nothing', () => {
  const socket = new Socket();
  cleanups.push(() => socket.destroy());
  expect(new DirectWriter(socket, () => undefined).write('x')).toBe(false);
});

test('a write that was over at the second try is pending until that is told, and its request is its own', () => {
  const requests: { oncomplete(status: number): void }[] = [];
  // Node 22 and 24 give a request, and look whether it was taken; Node 26 is given one.
  const write = (given: { oncomplete(status: number): void } | null): number | object => {
    const request = given ?? { oncomplete: () => undefined };
    Object.assign(request, { getAsyncId: () => 1 });
    requests.push(request);
    return given === null ? request : 0;
  };
  const handle = { writeQueueSize: 0, writeLatin1String: write, writeBuffer: write };
  const fake = { writable: true, writableLength: 0, writableCorked: 0, connecting: false, _handle: handle };
  let taken = 0;
  const writers = [1, 2].map(() => new DirectWriter(fake as unknown as Socket, () => taken++));
  for (const writer of writers) {
    expect(writer.write('x')).toBe(true);
    expect(writer.pending).toBe(true);
    expect(writer.write('y')).toBe(false);
  }
  expect(new Set(requests).size).toBe(2);
  for (const request of requests) request.oncomplete(0);
  expect([taken, ...writers.map((writer) => writer.pending)]).toEqual([2, false, false]);
});

/** A process that reads at the same time, so that the kernel has room again between two tries of a write. */
const READER = `
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
const hash = createHash('sha1');
let bytes = 0;
const socket = connect(Number(process.argv[1]), '127.0.0.1');
socket.on('data', (data) => { bytes += data.length; hash.update(data); });
socket.on('end', () => console.log(bytes + ' ' + hash.digest('hex')));
`;

test('to a reader that reads meanwhile everything arrives, whatever the kernel takes at the first try', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const reader = spawn(process.execPath, ['--input-type=module', '-e', READER, String(port)]);
  cleanups.push(() => {
    reader.kill();
    server.close();
  });
  const [socket] = (await once(server, 'connection')) as [Socket];
  const hash = createHash('sha1');
  let bytes = 0;
  let pieces = 1200;
  const writer = new DirectWriter(socket, () => writeOn());
  const writeOn = (): void => {
    while (pieces > 0 && !writer.pending) {
      const piece = Buffer.alloc(100_000 + (pieces-- % 7) * 50_000, String(pieces % 10));
      hash.update(piece);
      bytes += piece.length;
      if (!writer.write(piece)) throw new Error('the socket is not free, though nothing is pending');
    }
    if (pieces === 0 && !writer.pending) socket.end();
  };
  writeOn();
  const [output] = (await once(reader.stdout, 'data')) as [Buffer];
  expect(output.toString().trim()).toBe(`${bytes} ${hash.digest('hex')}`);
});
