import { describe, expect, test } from 'vitest';
import { readBody } from '../src/response-body.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
type Iterated = AsyncIterableIterator<Uint8Array> & { close(): Promise<void> };

/** A stream whose pieces come when the test says so. */
function source(): {
  stream: ReadableStream<Uint8Array>;
  controller: ReadableStreamDefaultController<Uint8Array>;
  cancelled: unknown[];
} {
  const cancelled: unknown[] = [];
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: (reason) => void cancelled.push(reason),
  });
  return { stream, controller, cancelled };
}

describe('readBody', () => {
  test('what is there already is an array', async () => {
    expect(await readBody(new Response('text').body as ReadableStream<Uint8Array>, undefined)).toEqual([
      bytes('text'),
    ]);
    const { stream, controller } = source();
    controller.close();
    expect(await readBody(stream, undefined)).toEqual([]);
  });

  test('does not wait for what is not there', async () => {
    const { stream, controller } = source();
    const body = (await readBody(stream, undefined)) as Iterated;
    controller.enqueue(bytes('a'));
    expect(await body.next()).toEqual({ done: false, value: bytes('a') });
    const second = body.next();
    controller.enqueue(bytes('b'));
    expect(await second).toEqual({ done: false, value: bytes('b') });
    controller.close();
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  test('what came before an error is told before it', async () => {
    const { stream, controller, cancelled } = source();
    controller.enqueue(bytes('a'));
    const body = (await readBody(stream, undefined)) as Iterated;
    controller.error(new Error('dry'));
    expect(await body.next()).toEqual({ done: false, value: bytes('a') });
    await expect(body.next()).rejects.toThrow('dry');
    await body.close();
    expect(cancelled).toEqual([]);
  });

  test('close and return cancel once, and not behind the end', async () => {
    const open = source();
    const body = (await readBody(open.stream, undefined)) as Iterated;
    await body.return?.();
    await body.close();
    expect(open.cancelled).toEqual([expect.objectContaining({ name: 'AbortError' })]);
    const ended = source();
    const whole = (await readBody(ended.stream, undefined)) as Iterated;
    ended.controller.close();
    await whole.next();
    await whole.close();
    expect(ended.cancelled).toEqual([]);
  });

  test('the signal cancels what is waited for, and its reason is the error', async () => {
    const { stream, cancelled } = source();
    const leaving = new AbortController();
    const body = (await readBody(stream, () => leaving.signal)) as Iterated;
    const reading = body.next();
    leaving.abort(new Error('gone'));
    await expect(reading).rejects.toThrow('gone');
    expect(cancelled).toHaveLength(1);
  });

  test('no signal is made for a body that is there already', async () => {
    let asked = 0;
    const signal = (): AbortSignal => (asked++, new AbortController().signal);
    await readBody(new Response('text').body as ReadableStream<Uint8Array>, signal);
    expect(asked).toBe(0);
  });
});
