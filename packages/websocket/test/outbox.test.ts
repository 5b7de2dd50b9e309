import { describe, expect, test } from 'vitest';
import { Outbox, type OutboxSocket } from '../src/outbox.ts';

/** A WebSocket whose peer takes messages when it is told to. */
class SlowSocket {
  readonly OPEN = 1 as const;
  readyState: 0 | 1 | 2 | 3 = 1;
  readonly #queue: { size: number; written: (error?: Error) => void }[] = [];

  get bufferedAmount(): number {
    return this.#queue.reduce((sum, { size }) => sum + size, 0);
  }

  send(data: string, written: (error?: Error) => void): void {
    this.#queue.push({ size: data.length, written });
  }

  /** The peer takes so many messages. */
  take(count: number): void {
    for (const { written } of this.#queue.splice(0, count)) written();
  }

  /** The connection is lost: nothing is written any more. */
  lose(): void {
    for (const { written } of this.#queue.splice(0)) written(new Error('EPIPE'));
  }
}

function make(): { socket: SlowSocket; outbox: Outbox; overflows: () => number } {
  const socket = new SlowSocket();
  let overflows = 0;
  const limits = { sendHighWaterBytes: 10, sendQueueBytes: 25 };
  const outbox = new Outbox(socket as unknown as OutboxSocket, limits, () => overflows++);
  return { socket, outbox, overflows: () => overflows };
}

/** Whether a promise is settled, and how. */
async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([
    promise.then(
      () => 'resolved',
      (error: { code: string }) => error.code,
    ),
    new Promise((resolve) => setImmediate(() => resolve('pending'))),
  ]);
}

describe('an outbox', () => {
  test('makes no promise for what is taken soon', async () => {
    const { outbox } = make();
    const first = outbox.send('12345');
    expect(outbox.send('12345')).toBe(first);
    expect(await stateOf(first)).toBe('resolved');
  });

  test('makes wait until no more is left than may be', async () => {
    const { socket, outbox } = make();
    void outbox.send('1234567890');
    const second = outbox.send('12345');
    expect(await stateOf(second)).toBe('pending');
    socket.take(1);
    expect(await stateOf(second)).toBe('resolved');
  });

  test('has an end', async () => {
    const { outbox, overflows } = make();
    for (let i = 0; i < 3; i++) void outbox.send('1234567890');
    expect(overflows()).toBe(0);
    expect(await stateOf(outbox.send('x'))).toBe('QUEUE_FULL');
    expect(overflows()).toBe(1);
  });

  test('takes a message of any size when nothing waits', async () => {
    const { outbox, overflows } = make();
    expect(await stateOf(outbox.send('x'.repeat(1000)))).toBe('pending');
    expect(overflows()).toBe(0);
  });

  test('of a connection that is lost tells those who wait, and not that they were heard', async () => {
    const { socket, outbox } = make();
    const waiting = outbox.send('x'.repeat(100));
    socket.lose();
    expect(await stateOf(waiting)).toBe('pending');
    outbox.end();
    expect(await stateOf(waiting)).toBe('CLOSED');
  });

  test('of a connection that is closing takes nothing', async () => {
    const { socket, outbox } = make();
    socket.readyState = 2;
    expect(await stateOf(outbox.send('x'))).toBe('CLOSED');
    expect(socket.bufferedAmount).toBe(0);
  });
});
