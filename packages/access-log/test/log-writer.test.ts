import { expect, test } from 'vitest';
import { LogWriter } from '../src/log-writer.ts';
import type { Target, WriteCallback } from '../src/target.ts';
import { ManualTimers } from './support.ts';

/** A target whose writes end when the test says so. */
class FakeTarget implements Target {
  atomicBytes = Number.POSITIVE_INFINITY;
  files: string[] = [''];
  closed = false;
  asked: { bytes: Uint8Array; done: WriteCallback } | undefined;
  writes: number[] = [];
  reopenings = 0;

  write(bytes: Uint8Array, done: WriteCallback): void {
    expect(this.asked, 'one write at a time').toBeUndefined();
    this.asked = { bytes, done };
  }

  writeSync(bytes: Uint8Array): number {
    this.files[0] += Buffer.from(bytes).toString('latin1');
    return bytes.length;
  }

  reopen(done: (error: Error | null) => void): void {
    expect(this.asked, 'no write under way').toBeUndefined();
    this.files.unshift('');
    this.reopenings++;
    done(null);
  }

  close(): void {
    this.closed = true;
  }

  /** Ends the write that is under way, by default with all of its bytes. */
  accept(most = Number.POSITIVE_INFINITY): void {
    const { bytes, done } = this.take();
    const part = bytes.subarray(0, most);
    this.writes.push(part.length);
    this.files[0] += Buffer.from(part).toString('latin1');
    done(null, part.length);
  }

  refuse(code: string): void {
    this.take().done(Object.assign(new Error(code), { code }), 0);
  }

  private take(): { bytes: Uint8Array; done: WriteCallback } {
    const { asked } = this;
    if (asked === undefined) throw new Error('nothing is being written');
    this.asked = undefined;
    return asked;
  }
}

function setUp(options: { flushBytes?: number; maxBufferBytes?: number; atomicBytes?: number } = {}) {
  const target = new FakeTarget();
  target.atomicBytes = options.atomicBytes ?? target.atomicBytes;
  const timers = new ManualTimers();
  const failures: string[] = [];
  const losses: [lines: number, bytes: number][] = [];
  const writer = new LogWriter(target, {
    flushBytes: options.flushBytes ?? 20,
    flushMs: 200,
    maxBufferBytes: options.maxBufferBytes ?? 40,
    onFailure: (error) => failures.push(error.message),
    onDropped: (lines, bytes) => losses.push([lines, bytes]),
    timers,
  });
  return { target, timers, failures, losses, writer };
}

test('lines are written together, after a while', () => {
  const { target, timers, writer } = setUp();
  writer.push('one');
  writer.push('two');
  timers.advance(199);
  expect(target.asked).toBeUndefined();
  timers.advance(1);
  target.accept();
  expect(target.files[0]).toBe('one\ntwo\n');
  expect(writer.stats()).toEqual({ written: 2, dropped: 0, pendingBytes: 0 });
});

test('or at once, when there is enough of them', () => {
  const { target, writer } = setUp();
  writer.push('0123456789');
  expect(target.asked).toBeUndefined();
  writer.push('0123456789');
  target.accept();
  expect(target.files[0]).toBe('0123456789\n0123456789\n');
});

test('what comes during a write follows it', () => {
  const { target, timers, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  writer.push('two');
  target.accept();
  timers.advance(200);
  target.accept();
  expect(target.files[0]).toBe('one\ntwo\n');
});

test('a write that took a part is continued where it stopped', () => {
  const { target, timers, writer } = setUp();
  writer.push('one');
  writer.push('two');
  timers.advance(200);
  target.accept(5);
  expect(writer.stats()).toMatchObject({ written: 0 });
  target.accept();
  expect(target.files[0]).toBe('one\ntwo\n');
  expect(target.writes).toEqual([5, 3]);
});

test('a target that never answers costs the buffer and no more; the lost lines are told when it is back', () => {
  const { target, losses, writer } = setUp();
  for (let i = 0; i < 100; i++) writer.push('012345678');
  expect(writer.stats()).toEqual({ written: 0, dropped: 96, pendingBytes: 40 });
  expect(losses).toEqual([]);
  target.accept();
  expect(losses).toEqual([[96, 960]]);
  target.accept();
  expect(target.files[0]).toBe('012345678\n'.repeat(4));
  expect(losses).toHaveLength(1);
});

test('a failure is told once, tried again every second, and nothing that had room is lost', () => {
  const { target, timers, failures, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  target.refuse('ENOSPC');
  writer.push('two');
  for (let second = 0; second < 3; second++) {
    timers.advance(999);
    expect(target.asked).toBeUndefined();
    timers.advance(1);
    target.refuse('ENOSPC');
  }
  timers.advance(1000);
  target.accept();
  timers.advance(200);
  target.accept();
  expect(failures).toEqual(['ENOSPC']);
  expect(target.files[0]).toBe('one\ntwo\n');
});

test('a second failure, after a success, is told again', () => {
  const { target, timers, failures, writer } = setUp();
  for (let round = 0; round < 2; round++) {
    writer.push('one');
    timers.advance(200);
    target.refuse('EIO');
    timers.advance(1000);
    target.accept();
  }
  expect(failures).toEqual(['EIO', 'EIO']);
});

test('a pipe that is full is tried again soon, and is no failure to be told', () => {
  const { target, timers, failures, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  target.refuse('EAGAIN');
  timers.advance(50);
  target.accept();
  expect(failures).toEqual([]);
  expect(target.files[0]).toBe('one\n');
});

test('a pipe gets whole lines in pieces that cannot be mixed with those of others', () => {
  const { target, writer } = setUp({ atomicBytes: 10, flushBytes: 5, maxBufferBytes: 1000 });
  for (const line of ['0', 'abc', 'def', 'ghijk', 'much longer than that', 'z']) writer.push(line);
  void writer.flush(1000);
  while (target.asked) target.accept();
  // The first was written when five bytes were there.
  expect(target.writes).toEqual([6, 10, 22, 2]);
  expect(target.files[0]).toBe('0\nabc\ndef\nghijk\nmuch longer than that\nz\n');
  expect(writer.stats().written).toBe(6);
});

test('reopening leaves what came before in the old file', async () => {
  const { target, timers, writer } = setUp();
  writer.push('old');
  const reopened = writer.reopen(1000);
  target.accept();
  expect(await reopened).toBeNull();
  writer.push('new');
  timers.advance(200);
  target.accept();
  expect(target.files).toEqual(['new\n', 'old\n']);
});

test('reopening waits for the write that is under way, and nothing begins in between', async () => {
  const { target, timers, writer } = setUp();
  writer.push('0123456789');
  writer.push('0123456789');
  const reopened = writer.reopen(100);
  timers.advance(100);
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(target.reopenings).toBe(0);
  target.accept();
  writer.push('01234567890123456789');
  expect(target.asked, 'held back until it is open').toBeUndefined();
  await reopened;
  target.accept();
  expect(target.files).toEqual(['01234567890123456789\n', '0123456789\n0123456789\n']);
});

test('a file that failed is tried at once after it was reopened', async () => {
  const { target, timers, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  target.refuse('ENOSPC');
  const reopened = writer.reopen(100);
  target.refuse('ENOSPC');
  timers.advance(100);
  await reopened;
  target.accept();
  expect(target.files).toEqual(['one\n', '']);
});

test('a write that fails while one wants to reopen does not hold that up', async () => {
  const { target, timers, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  const reopened = writer.reopen(100);
  timers.advance(100);
  await new Promise((resolve) => setImmediate(resolve));
  target.refuse('ENOSPC');
  await reopened;
  target.accept();
  expect(target.files).toEqual(['one\n', '']);
});

test('flush resolves with true when all is written', async () => {
  const { target, writer } = setUp();
  expect(await writer.flush(100)).toBe(true);
  writer.push('one');
  const flushed = writer.flush(100);
  target.accept();
  expect(await flushed).toBe(true);
});

test('flush and close give up at their deadline; what is under way then may still come to a good end', async () => {
  const { target, timers, losses, writer } = setUp();
  writer.push('one');
  const flushed = writer.flush(100);
  timers.advance(100);
  expect(await flushed).toBe(false);
  const closed = writer.close(100);
  timers.advance(100);
  expect(await closed).toBe(false);
  expect(target.closed, 'not under a write').toBe(false);
  target.accept();
  expect(target.closed).toBe(true);
  expect(losses).toEqual([]);
  writer.push('late');
  expect(writer.stats()).toEqual({ written: 1, dropped: 1, pendingBytes: 0 });
});

test('what waits behind the last write goes at once when the log is closed in a hurry', async () => {
  const { target, timers, losses, writer } = setUp();
  for (let i = 0; i < 3; i++) writer.push('0123456789');
  const closed = writer.close(0);
  timers.advance(0);
  expect(await closed).toBe(false);
  target.accept();
  expect(target.files[0]).toBe('0123456789\n'.repeat(3));
  expect(losses).toEqual([]);
  expect(writer.stats()).toEqual({ written: 3, dropped: 0, pendingBytes: 0 });
});

test('a log that fails until it is closed says what was lost', async () => {
  const { target, timers, losses, writer } = setUp();
  writer.push('one');
  timers.advance(200);
  target.refuse('ENOSPC');
  writer.push('two');
  const closed = writer.close(100);
  target.refuse('ENOSPC');
  timers.advance(100);
  expect(await closed).toBe(false);
  expect(losses).toEqual([[2, 8]]);
  expect(target.closed).toBe(true);
});
