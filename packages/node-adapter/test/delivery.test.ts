import type { BodyChunk, Environ, HeaderList, ResponseBody } from '@highball/gateway-protocol';
import { expect, test, vi } from 'vitest';
import { Delivery, HIGH_WATER_BYTES, resolveMaxBuffered } from '../src/delivery.ts';
import { deferred } from './support.ts';

class Gateway {
  readonly written: BodyChunk[] = [];
  readonly listener = {
    onDrain: vi.fn<() => void>(),
    onFinished: vi.fn<() => void>(),
    onLost: vi.fn<() => void>(),
  };
  readonly delivery: Delivery;
  head: [string, HeaderList] | undefined;
  /** What `write` returns. */
  answer: () => Promise<void> | undefined = () => undefined;

  constructor(environ: Partial<Environ> = {}, most = Number.POSITIVE_INFINITY) {
    const start = (status: string, headers: HeaderList) => {
      this.head = [status, headers];
      return (chunk: BodyChunk): Promise<void> | undefined => {
        this.written.push(chunk);
        return this.answer();
      };
    };
    this.delivery = new Delivery(environ as Environ, start as never, most);
    this.delivery.listen(this.listener);
    this.delivery.start('200 OK', []);
  }
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function pieces(body: ResponseBody): BodyChunk[] {
  return [...(body as BodyChunk[])];
}

test('an answer that has ended is returned; its close tells that it was taken', () => {
  const { delivery, listener } = new Gateway();
  delivery.write('a', 1, undefined);
  delivery.end('b');
  const body = delivery.result() as ResponseBody;
  expect(pieces(body)).toEqual(['a', 'b']);
  expect(listener.onFinished).not.toHaveBeenCalled();
  void body.close?.();
  void body.close?.();
  expect(listener.onFinished).toHaveBeenCalledTimes(1);
});

test('what is written in one turn leaves as one piece, a large piece at once', async () => {
  const { delivery, written } = new Gateway();
  delivery.write('a', 1, undefined);
  delivery.write(Buffer.from('b'), 1, undefined);
  await tick();
  expect(written.map(String)).toEqual(['ab']);
  delivery.write('x'.repeat(HIGH_WATER_BYTES), HIGH_WATER_BYTES, undefined);
  expect(written).toHaveLength(2);
});

test('while the client catches up nothing is written; then all that waits, and then it is told', async () => {
  const gateway = new Gateway();
  const { delivery, written, listener } = gateway;
  const drained = deferred();
  gateway.answer = () => drained.promise;
  const callback = vi.fn<(error?: unknown) => void>();
  expect(delivery.write('x', HIGH_WATER_BYTES, callback)).toBe(false);
  expect(delivery.write('y', 1, undefined)).toBe(false);
  await tick();
  expect([written, callback.mock.calls.length]).toEqual([['x'], 0]);
  gateway.answer = () => undefined;
  drained.resolve();
  await tick();
  expect([written, callback.mock.calls.length, listener.onDrain.mock.calls.length]).toEqual([
    ['x', 'y'],
    1,
    1,
  ]);
});

test('a client that has to catch up again is waited for again', async () => {
  const gateway = new Gateway();
  const waits = [deferred(), deferred()];
  let writes = 0;
  gateway.answer = () => waits[writes++]?.promise;
  gateway.delivery.write('x', HIGH_WATER_BYTES, undefined);
  gateway.delivery.write('y', HIGH_WATER_BYTES, undefined);
  waits[0]!.resolve();
  await tick();
  expect([writes, gateway.listener.onDrain.mock.calls.length]).toEqual([2, 0]);
  waits[1]!.resolve();
  await tick();
  expect(gateway.listener.onDrain).toHaveBeenCalledTimes(1);
});

test('a write that fails cuts the answer, and its callback is told', async () => {
  const gateway = new Gateway();
  gateway.answer = () => {
    throw new Error('too long');
  };
  const callback = vi.fn<(error?: unknown) => void>();
  const result = gateway.delivery.result() as Promise<ResponseBody>;
  gateway.delivery.write('x', 1, callback);
  await expect(result).rejects.toThrow('too long');
  await tick();
  expect(callback.mock.calls[0]?.[0]).toMatchObject({ message: 'too long' });
  expect(gateway.listener.onLost).toHaveBeenCalledTimes(1);
});

test('the head leaves ahead of the body where the server can do that', () => {
  const send = vi.fn<() => void>();
  new Gateway({ 'highball.send_head': send }).delivery.sendHead();
  expect(send).toHaveBeenCalledTimes(1);
  new Gateway().delivery.sendHead();
});

test('a client that was gone before anybody looked is noticed', async () => {
  const reason = new Error('left');
  const gateway = new Gateway({ 'highball.signal': () => AbortSignal.abort(reason) });
  await expect(gateway.delivery.result()).rejects.toBe(reason);
});

test('a large answer that its client left in the middle is not finished', () => {
  const controller = new AbortController();
  const { delivery, listener } = new Gateway({ 'highball.signal': () => controller.signal });
  delivery.end('x'.repeat(HIGH_WATER_BYTES * 2));
  const body = delivery.result() as ResponseBody;
  controller.abort(new Error('left'));
  void body.close?.();
  expect([listener.onFinished.mock.calls.length, listener.onLost.mock.calls.length]).toEqual([0, 1]);
});

test('the signal of a quick answer is never made', async () => {
  const signal = vi.fn<() => AbortSignal>(() => new AbortController().signal);
  const { delivery } = new Gateway({ 'highball.signal': signal });
  const result = delivery.result();
  await Promise.resolve();
  delivery.end('quick');
  void (await result).close?.();
  await tick();
  expect(signal).not.toHaveBeenCalled();
});

test('the cap is at least what one write may bring', () => {
  expect(resolveMaxBuffered()).toBe(134_217_728);
  expect(() => resolveMaxBuffered(Number.NaN)).toThrow('maxBufferedBytes');
});
