import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { DirectWriter, turn } from '../src/index.ts';
import { type Held, WriteTurn } from '../src/write-turn.ts';

const cleanups: (() => void)[] = [];

afterEach(() => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Two ends of a connection; what comes at the far one is collected. */
async function pair(): Promise<{ near: Socket; far: Socket; received: () => string }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(near, 'connect')]);
  let text = '';
  far.on('data', (bytes) => (text += bytes.toString('latin1')));
  for (const socket of [near, far]) socket.on('error', () => undefined);
  cleanups.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far, received: () => text };
}

async function batching(): Promise<{ writer: DirectWriter; near: Socket; received: () => string }> {
  const { near, received } = await pair();
  return { writer: new DirectWriter(near, () => undefined, true), near, received };
}

test('the messages of a turn leave at its end, and not before', async () => {
  const [one, two] = [await batching(), await batching()];
  await nextTurn();
  expect(one.writer.write('first;')).toBe(true);
  expect(two.writer.write(Buffer.from('second;'))).toBe(true);
  expect([one.near.bytesWritten, two.near.bytesWritten]).toEqual([0, 0]);
  await nextTurn();
  expect([one.near.bytesWritten, two.near.bytesWritten]).toEqual([6, 7]);
  await expect.poll(() => one.received() + two.received()).toBe('first;second;');
});

test('a second message of the same turn does not wait: somebody streams', async () => {
  const { writer, near, received } = await batching();
  writer.write('one;');
  writer.write('two;');
  expect(near.bytesWritten).toBe(8);
  await expect.poll(received).toBe('one;two;');
});

test('what is given to the socket itself comes behind, once the writer was flushed', async () => {
  const { writer, near, received } = await batching();
  writer.write('held;');
  writer.flush();
  near.end('by the stream');
  await expect.poll(received).toBe('held;by the stream');
});

test('a message that is refused does not overtake the one that is held', async () => {
  const { writer, near, received } = await batching();
  writer.write('held;');
  near.cork();
  expect(writer.write('corked')).toBe(false);
  near.write('corked;');
  near.uncork();
  await expect.poll(received).toBe('held;corked;');
});

test('a large message is written at once', async () => {
  const { writer, near } = await batching();
  writer.write(Buffer.alloc(16_385));
  expect(near.bytesWritten).toBe(16_385);
});

test('a writer that was not asked to holds nothing', async () => {
  const { near } = await pair();
  new DirectWriter(near, () => undefined).write('now');
  expect(near.bytesWritten).toBe(3);
});

test('a socket that is destroyed meanwhile is left alone', async () => {
  const { writer, near } = await batching();
  writer.write('lost');
  near.destroy();
  await nextTurn();
  expect([near.bytesWritten, writer.pending]).toEqual([0, false]);
});

test('who computes for long between messages does not hold them up', async () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const all = await Promise.all(Array.from({ length: 8 }, () => batching()));
  await nextTurn();
  for (const { writer } of all.slice(0, 7)) {
    writer.write('x');
    now += 0.5;
  }
  expect(all.map(({ near }) => near.bytesWritten)).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
  await nextTurn();
  expect(all.map(({ near }) => near.bytesWritten)).toEqual([1, 1, 1, 1, 1, 1, 1, 0]);
});

test("a turn's memory is used again in the next, though not what the kernel has yet to take", async () => {
  const { near, far } = await pair();
  far.pause();
  const writer = new DirectWriter(near, () => undefined, true);
  const place = turn.memory(4);
  place.set(Buffer.from('aaaa'));
  turn.flush();
  expect(turn.memory(4).buffer).toBe(place.buffer);
  turn.flush();
  // The connection takes no more.
  while (!writer.pending) writer.write(Buffer.alloc(1_048_576, 'm'));
  turn.leave(place);
  expect(turn.memory(4).buffer).not.toBe(place.buffer);
  turn.flush();
});

test('a message that is not over at once keeps its memory', async () => {
  const { near, far } = await pair();
  far.pause();
  const writer = new DirectWriter(near, () => undefined, true);
  let before: ArrayBufferLike = turn.memory(1).buffer;
  for (let i = 0; !writer.pending && i < 100_000; i++) {
    const message = turn.memory(16_384);
    message.fill(0x6d);
    before = message.buffer;
    if (!writer.write(message)) break;
    turn.flush();
  }
  expect(writer.pending).toBe(true);
  const buffers = new Set(Array.from({ length: 16 }, () => turn.memory(16_384).buffer));
  expect(buffers.has(before)).toBe(false);
});

test('a turn has memory for many messages, each for itself', async () => {
  const all = await Promise.all(Array.from({ length: 40 }, () => batching()));
  await nextTurn();
  for (const [i, { writer }] of all.entries()) {
    const message = turn.memory(16_000);
    message.fill(0x61 + (i % 26));
    writer.write(message);
  }
  for (const [i, { received }] of all.entries()) {
    await expect.poll(received).toBe(String.fromCharCode(0x61 + (i % 26)).repeat(16_000));
  }
});

test('what is added while the others are written waits for the next time, and keeps its memory', () => {
  const own = new WriteTurn();
  const written: string[] = [];
  const named = (name: string, then?: () => void): Held => ({
    flush: () => {
      written.push(name);
      then?.();
    },
  });
  const place = own.memory(8);
  let later: Uint8Array | undefined;
  own.add(
    named('a', () => {
      own.add(named('d'));
      own.add(named('e'));
      later = own.memory(8);
      own.flush();
    }),
  );
  own.add(named('b'));
  own.add(named('c'));
  own.flush();
  expect(written).toEqual(['a', 'b', 'c']);
  const more = own.memory(8);
  expect([place, later, more].map((bytes) => bytes?.byteOffset)).toEqual([0, 8, 16]);
  own.flush();
  expect(written).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(own.memory(8).byteOffset).toBe(0);
});

test('an error of one does not keep the others from writing, now or later', () => {
  const own = new WriteTurn();
  const written: string[] = [];
  own.add({
    flush: () => {
      throw new Error('mine');
    },
  });
  own.add({ flush: () => void written.push('b') });
  expect(() => own.flush()).toThrow('mine');
  expect(written).toEqual(['b']);
  own.add({ flush: () => void written.push('c') });
  own.flush();
  expect(written).toEqual(['b', 'c']);
});
