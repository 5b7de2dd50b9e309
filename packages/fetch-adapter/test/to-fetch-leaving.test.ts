import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { until } from './support.ts';
import { call } from './to-fetch-support.ts';

describe('a client that leaves', () => {
  function endless(): { app: Application; closed: () => number; signal: () => AbortSignal | undefined } {
    let closed = 0;
    let signal: AbortSignal | undefined;
    return {
      closed: () => closed,
      signal: () => signal,
      app: (environ, start) => {
        signal = environ['highball.signal']?.();
        start('200 OK', []);
        const body = (async function* () {
          yield 'first';
          await new Promise(() => undefined);
        })();
        return Object.assign(body, { close: () => void closed++ });
      },
    };
  }

  test('by cancelling the body: close() is called once, though a piece is awaited', async () => {
    const { app, closed } = endless();
    const { response, errors } = await call(app);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await until(() => closed() === 1);
    expect(errors.text).toBe('');
  });

  test('by its signal: the application sees it, and close() is called once', async () => {
    const { app, closed, signal } = endless();
    const controller = new AbortController();
    const { response } = await call(app, new Request('http://h/', { signal: controller.signal }));
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    controller.abort();
    await until(() => closed() === 1);
    expect(signal()?.aborted).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed()).toBe(1);
  });

  test('a generator that waits at a yield runs its finally', async () => {
    let ended = false;
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        try {
          for (;;) yield 'piece';
        } finally {
          ended = true;
        }
      })();
    });
    await response.body?.cancel();
    await until(() => ended);
  });

  test('an iterator whose next piece does not come is told at once', async () => {
    let returned = 0;
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      const pieces = ['first'];
      const iterator = {
        [Symbol.asyncIterator]: () => iterator,
        next: () => {
          const value = pieces.shift();
          return value === undefined
            ? new Promise<never>(() => undefined)
            : Promise.resolve({ done: false, value });
        },
        return: () => (returned++, Promise.resolve({ done: true as const, value: undefined })),
      };
      return iterator;
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const second = reader.read();
    await reader.cancel();
    await second;
    await until(() => returned === 1);
  });

  test('before the head: the promise resolves, close() is called when there is a body', async () => {
    const controller = new AbortController();
    let closed = 0;
    let go: () => void = () => undefined;
    const promised = call(
      async (_environ, start) => {
        await new Promise<void>((resolve) => (go = resolve));
        start('200 OK', []);
        return Object.assign(['x'], { close: () => void closed++ });
      },
      new Request('http://h/', { signal: controller.signal }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await promised;
    go();
    await until(() => closed === 1);
  });
});
