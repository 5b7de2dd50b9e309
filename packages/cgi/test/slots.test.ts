import { describe, expect, test } from 'vitest';
import { Slots } from '../src/slots.ts';
import { TestClock } from './support.ts';

function make(maxProcesses = 1, maxQueue = 2): { slots: Slots; clock: TestClock } {
  const clock = new TestClock();
  return { clock, slots: new Slots({ maxProcesses, maxQueue, queueTimeoutMs: 1000, clock }) };
}

describe('Slots', () => {
  test('go to those who wait in their order; giving back twice counts once', async () => {
    const { slots, clock } = make();
    const order: number[] = [];
    const first = await slots.acquire(undefined);
    const second = slots.acquire(undefined).then((release) => (order.push(2), release));
    const third = slots.acquire(undefined).then((release) => (order.push(3), release));
    first();
    first();
    const release = await second;
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([2]);
    release();
    (await third)();
    expect(order).toEqual([2, 3]);
    expect(clock.pending).toBe(0);
    await slots.acquire(undefined);
  });

  test('too many that wait are refused at once', async () => {
    const { slots } = make(1, 1);
    await slots.acquire(undefined);
    void slots.acquire(undefined);
    await expect(slots.acquire(undefined)).rejects.toMatchObject({ code: 'BUSY' });
  });

  test('who has waited too long is refused, and loses its place', async () => {
    const { slots, clock } = make();
    const release = await slots.acquire(undefined);
    const waiting = slots.acquire(undefined);
    clock.move(1000);
    await expect(waiting).rejects.toMatchObject({ code: 'BUSY', status: '503 Service Unavailable' });
    release();
    await slots.acquire(undefined);
  });

  test('a client that leaves gives its place up', async () => {
    const { slots, clock } = make(1, 1);
    const release = await slots.acquire(undefined);
    const controller = new AbortController();
    const waiting = slots.acquire(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    await expect(slots.acquire(controller.signal)).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    expect(clock.pending).toBe(0);
    const next = slots.acquire(undefined);
    release();
    await next;
  });
});
