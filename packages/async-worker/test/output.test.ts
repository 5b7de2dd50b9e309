import { describe, expect, test } from 'vitest';
import { Output, type OutputSocket } from '../src/output.ts';
import { FakeSocket } from './fake-socket.ts';

function makeOutput(): { socket: FakeSocket; output: Output } {
  const socket = new FakeSocket();
  return { socket, output: new Output(socket as unknown as OutputSocket) };
}

describe('text and chunks', () => {
  test('are written at once, joined', () => {
    const { socket, output } = makeOutput();
    output.chunk('head ', 'body', 4, '\r\n');
    expect(socket.writes).toEqual(['head body\r\n']);
  });

  test('that are held leave in one write, in order', () => {
    const { socket, output } = makeOutput();
    output.hold();
    output.text('a');
    output.chunk('b', 'c', 1, 'd');
    output.hold();
    output.release();
    expect(socket.writes).toEqual([]);
    output.release();
    expect(socket.writes).toEqual(['abcd']);
  });

  test('beyond ASCII are sent as UTF-8, and bytes as they are', () => {
    const { socket, output } = makeOutput();
    output.chunk('h', 'grün', 5, 't');
    output.chunk('h', Uint8Array.of(0, 255), 2, 't');
    expect(socket.writes).toEqual(['hgr\xc3\xbcnt', 'h\0\xfft']);
  });

  test('that are large are not copied, but corked', () => {
    const { socket, output } = makeOutput();
    output.chunk('head', Buffer.alloc(20_000, 'x'), 20_000, 'tail');
    expect(socket.writes.map((write) => write.length)).toEqual([4, 20_000, 4]);
    expect(socket.corked).toBe(0);
  });

  test('that are joined while others wait in the socket keep what they say', () => {
    const { socket, output } = makeOutput();
    const written: Uint8Array[] = [];
    socket.write = (data: string | Uint8Array) => {
      written.push(data as Uint8Array);
      socket.writableLength += data.length;
      return true;
    };
    for (const text of ['first', 'second', 'third']) output.chunk('', Buffer.from(text), text.length, '\n');
    socket.writableLength = 0;
    output.chunk('', Buffer.from('fourth'), 6, '\n');
    expect(written.map(String)).toEqual(['first\n', 'second\n', 'third\n', 'fourth\n']);
  });

  test('that were taken at once are joined in the same memory', () => {
    const { socket, output } = makeOutput();
    const places: ArrayBufferLike[] = [];
    socket.write = (data: string | Uint8Array) => places.push((data as Uint8Array).buffer) > 0;
    for (let i = 0; i < 100; i++) output.chunk('', Buffer.alloc(10_000), 10_000, '');
    expect(new Set(places).size).toBe(1);
  });

  test('that wait take no more memory than they need, but the first', () => {
    const { socket, output } = makeOutput();
    const places = new Set<ArrayBufferLike>();
    socket.write = (data: string | Uint8Array) => {
      places.add((data as Uint8Array).buffer);
      socket.writableLength += data.length;
      return true;
    };
    for (let i = 0; i < 100; i++) output.chunk('', Buffer.from('x'), 1, '');
    const bytes = [...places].reduce((sum, place) => sum + place.byteLength, 0);
    // A pool of Node's and one place for joining; not a hundred.
    expect(bytes).toBeLessThan(200_000);
  });

  test('do not pile up while they are held', () => {
    const { socket, output } = makeOutput();
    output.hold();
    for (let i = 0; i < 3; i++) output.text('x'.repeat(10_000));
    expect(socket.writes.join('')).toHaveLength(20_000);
  });
});

describe('a client that takes little', () => {
  test('gets a large piece part by part, and what comes behind it in order', async () => {
    const { socket, output } = makeOutput();
    socket.write = (data: string | Uint8Array) => {
      socket.writableNeedDrain = true;
      return FakeSocket.prototype.write.call(socket, data, 'latin1');
    };
    output.chunk('', Buffer.alloc(150_000, 'x'), 150_000, '');
    output.text('behind');
    expect(output.full).toBe(true);
    const drained = output.drained();
    expect(socket.writes.map((write) => write.length)).toEqual([65_536]);
    socket.drain();
    socket.drain();
    expect(socket.writes.map((write) => write.length)).toEqual([65_536, 65_536, 18_928]);
    socket.drain();
    expect(socket.writes.at(-1)).toBe('behind');
    expect(output.full).toBe(true);
    socket.drain();
    await drained;
    expect(output.full).toBe(false);
  });

  test('costs one listener, and only then', async () => {
    const { socket, output } = makeOutput();
    output.text('x');
    await output.drained();
    expect(socket.listeners).toBe(0);
    for (let i = 0; i < 3; i++) {
      socket.writableNeedDrain = true;
      const drained = output.drained();
      socket.drain();
      await drained;
    }
    expect(socket.listeners).toBe(1);
  });

  test('is not waited for when it is gone', async () => {
    const { socket, output } = makeOutput();
    socket.writableNeedDrain = true;
    const drained = output.drained();
    output.abandon();
    await drained;
    output.text('more');
    expect(socket.writes).toEqual([]);
    expect(output.full).toBe(false);
  });

  test('is told the end behind all the rest', () => {
    const { socket, output } = makeOutput();
    socket.write = (data: string | Uint8Array) => {
      socket.writableNeedDrain = true;
      return FakeSocket.prototype.write.call(socket, data, 'latin1');
    };
    output.chunk('', Buffer.alloc(100_000), 100_000, '');
    output.end();
    expect(socket.ended).toBe(false);
    socket.drain();
    socket.drain();
    expect(socket.ended).toBe(true);
    output.text('too late');
    expect(socket.writes.join('')).toHaveLength(100_000);
  });
});

describe('a large piece', () => {
  const MiB = 1_048_576;

  test('leaves in parts of 1 MiB where the handle tells how far a write has come', () => {
    const { socket, output } = makeOutput();
    Object.assign(socket, { _handle: { writeQueueSize: 0 } });
    output.chunk('head', Buffer.alloc(2.5 * MiB), 2.5 * MiB, '');
    expect(socket.writes.map((write) => write.length)).toEqual([4, MiB, MiB, MiB / 2]);
  });

  test('leaves in small parts over TLS, which copies them', () => {
    const { socket, output } = makeOutput();
    Object.assign(socket, { _handle: { writeQueueSize: 0 }, encrypted: true });
    output.chunk('', Buffer.alloc(150_000), 150_000, '');
    expect(socket.writes.map((write) => write.length)).toEqual([65_536, 65_536, 18_928]);
  });
});

describe('lateMs', () => {
  test('counts from the last byte of one write that was taken, where the handle tells', () => {
    const { socket, output } = makeOutput();
    const handle = { writeQueueSize: 100 };
    Object.assign(socket, { _handle: handle, bytesWritten: 100, writableLength: 100 });
    expect(output.lateMs(1000, 0)).toBe(0);
    expect(output.lateMs(3000, 0)).toBe(2000);
    handle.writeQueueSize = 99;
    expect(output.lateMs(4000, 0)).toBe(0);
    expect(output.lateMs(9000, 0)).toBe(5000);
  });

  test('counts from the last byte that was taken', () => {
    const { socket, output } = makeOutput();
    socket.bytesWritten = 100;
    socket.writableLength = 60;
    expect(output.lateMs(1000, 0)).toBe(0);
    expect(output.lateMs(3000, 0)).toBe(2000);
    socket.writableLength = 50;
    expect(output.lateMs(4000, 0)).toBe(0);
    expect(output.lateMs(9000, 0)).toBe(5000);
    socket.writableLength = 0;
    expect(output.lateMs(10_000, 0)).toBe(0);
  });

  test('counts what is missing at the least rate, though some of it is taken each time', () => {
    const { socket, output } = makeOutput();
    socket.bytesWritten = 100_000;
    socket.writableLength = 90_000;
    const late: number[] = [];
    for (let second = 0; second <= 60; second++) {
      late.push(output.lateMs(second * 1000, 200));
      socket.writableLength -= 50;
    }
    // A quarter of the rate: three quarters of each second are missing.
    expect([late[0], late[1], late[4], late[60]]).toEqual([0, 750, 3000, 45_000]);
    socket.writableLength -= 9000;
    // What was taken in the last second, and 9000 more, are worth 45,250 ms.
    expect(output.lateMs(61_000, 200)).toBe(750);
  });

  test('gives nothing in advance to who was fast before', () => {
    const { socket, output } = makeOutput();
    socket.bytesWritten = 1_000_000;
    socket.writableLength = 900_000;
    output.lateMs(0, 100);
    socket.writableLength = 100_000;
    expect(output.lateMs(1000, 100)).toBe(0);
    socket.writableLength -= 1;
    expect(output.lateMs(2000, 100)).toBe(990);
  });

  test('knows no rate where none is asked for', () => {
    const { socket, output } = makeOutput();
    socket.bytesWritten = 1000;
    for (let second = 0; second < 100; second++) {
      socket.writableLength = 999 - second;
      expect(output.lateMs(second * 1000, 0)).toBe(0);
    }
  });

  test('does not count the time in which there was nothing to take', () => {
    const { socket, output } = makeOutput();
    expect(output.lateMs(1000, 0)).toBe(0);
    expect(output.lateMs(50_000, 0)).toBe(0);
    socket.bytesWritten = 10;
    socket.writableLength = 10;
    expect(output.lateMs(51_000, 0)).toBe(0);
    expect(output.lateMs(52_000, 0)).toBe(1000);
  });
});

describe('what the kernel does not take at once', () => {
  /** A socket whose kernel has room for so many bytes. */
  function makeFull(room: number): {
    readonly socket: FakeSocket;
    readonly output: Output;
    readonly taken: string[];
    take(): void;
  } {
    const taken: string[] = [];
    let request: { oncomplete(status: number): void } | undefined;
    // Node 22 and 24 give a request, and look whether it was taken; Node 26 is given one.
    const write = (given: typeof request | null, data: string | Uint8Array): number | object => {
      taken.push(Buffer.from(data as string, 'latin1').toString('latin1'));
      handle.writeQueueSize = Math.max(0, data.length - room);
      request = given ?? { oncomplete: () => undefined };
      if (data.length <= room) return 0;
      Object.assign(request, { getAsyncId: () => 1 });
      return given === null ? request : 0;
    };
    const handle = { writeQueueSize: 0, writeLatin1String: write, writeBuffer: write };
    const socket = new FakeSocket();
    Object.assign(socket, { _handle: handle, writable: true, writableCorked: 0, connecting: false });
    return {
      socket,
      taken,
      output: new Output(socket as unknown as OutputSocket),
      take() {
        handle.writeQueueSize = 0;
        request?.oncomplete(0);
      },
    };
  }

  test('is waited for, without a word of the stream', async () => {
    const { output, taken, take } = makeFull(2);
    output.text('long');
    expect([output.full, output.sent]).toEqual([true, false]);
    let drained = false;
    const waiting = output.drained().then(() => (drained = true));
    expect(drained).toBe(false);
    take();
    await waiting;
    expect([output.full, output.sent]).toEqual([false, true]);
    expect(taken).toEqual(['long']);
  });

  test('stays what it is, whatever is joined next', () => {
    const { output, taken, socket } = makeFull(2);
    output.chunk('', Buffer.from('first'), 5, '');
    output.chunk('', Buffer.from('other'), 5, '');
    // The second comes behind the first, by the stream.
    expect([taken, socket.writes]).toEqual([['first'], ['other']]);
  });

  test('is followed by the rest, part by part, and then by the end', () => {
    const { output, socket, taken, take } = makeFull(2);
    output.chunk('', Buffer.alloc(2_500_000), 2_500_000, '');
    output.end();
    const ended = [0, 1, 2].map((parts) => {
      expect(taken).toHaveLength(parts + 1);
      const before = socket.ended;
      take();
      return [before, socket.ended];
    });
    expect(ended).toEqual([[false, false], [false, false], [false, true]]); // prettier-ignore
    expect(taken.join('')).toHaveLength(2_500_000);
  });

  test('counts as stalled as long as nothing of it is taken', () => {
    const { output, take } = makeFull(2);
    output.text('long');
    expect(output.lateMs(1000, 0)).toBe(0);
    expect(output.lateMs(4000, 0)).toBe(3000);
    take();
    expect(output.lateMs(5000, 0)).toBe(0);
  });
});
