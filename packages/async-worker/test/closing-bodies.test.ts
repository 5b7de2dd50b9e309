import { DirectWriter } from '@highball/direct-writes';
import type { Application, ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test, vi } from 'vitest';
import { deferred, get, last, serve, statusesOf, until } from './support.ts';

describe('close() of a body', () => {
  function closing(
    body: Iterable<string> | AsyncIterable<string>,
    calls: string[],
    act?: () => Promise<void> | void,
  ): Application {
    return (_environ, start) => {
      start('200 OK', []);
      const close = (): void | Promise<void> => {
        calls.push('close');
        return act?.();
      };
      return Object.assign(body, { close }) as ResponseBody;
    };
  }

  test('is called once after an array, a generator and an async generator', async () => {
    for (const make of [
      () => ['a'],
      () => (function* body() { yield 'a'; })(),
      () => (async function* body() { yield 'a'; })(),
    ]) {
      const calls: string[] = [];
      await using server = await serve((environ, start) => closing(make(), calls)(environ, start));
      await server.exchange(last('/'));
      expect(calls).toEqual(['close']);
    }
  }); // prettier-ignore

  test('is called after an error', async () => {
    const calls: string[] = [];
    await using server = await serve(
      closing((function* body() { yield 'a'; throw new Error('x'); })(), calls), // prettier-ignore
    );
    await server.exchange(get('/'));
    expect(calls).toEqual(['close']);
  });

  test('is called when the client leaves while a piece is awaited', async () => {
    const calls: string[] = [];
    await using server = await serve(
      closing((async function* body() { yield 'a'; await new Promise(() => undefined); })(), calls), // prettier-ignore
    );
    const client = await server.connect();
    client.send(get('/'));
    await client.until('a');
    client.socket.resetAndDestroy();
    await until(() => calls.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toEqual(['close']);
  });

  test('is called when the client leaves before the application has answered', async () => {
    const calls: string[] = [];
    const answer = deferred();
    await using server = await serve(async (environ, start) => {
      await answer.promise;
      return closing(['a'], calls)(environ, start);
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    answer.resolve();
    await until(() => calls.length > 0);
    expect(calls).toEqual(['close']);
    expect(server.records).toMatchObject([{ complete: false, bodyBytes: 0 }]);
  });

  test('is awaited before the next request, but not by the client', async () => {
    const calls: string[] = [];
    const slow = deferred();
    await using server = await serve((environ, start) =>
      closing(['a'], calls, () => slow.promise)(environ, start),
    );
    const client = await server.connect();
    client.send(get('/') + last('/'));
    await client.until('\r\n\r\na');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.worker.stats().requests).toBe(1);
    slow.resolve();
    await client.closed;
    expect(calls).toEqual(['close', 'close']);
  });

  test('comes after the answer was written, also when it takes its time without a promise', async () => {
    const write = vi.spyOn(DirectWriter.prototype, 'write');
    const written: boolean[] = [];
    const note = (): void =>
      void written.push(write.mock.calls.some(([data]) => String(data).includes('200 OK')));
    await using server = await serve((environ, start) => closing(['a'], [], note)(environ, start));
    await server.exchange(last('/'));
    write.mockRestore();
    expect(written).toEqual([true]);
  });

  test('that fails is logged, and the response stands', async () => {
    for (const act of [() => Promise.reject(new Error('rejected')), () => { throw new Error('thrown'); }]) {
      await using server = await serve((environ, start) => closing(['a'], [], act)(environ, start));
      const answer = await server.exchange(get('/') + last('/'));
      expect(statusesOf(answer)).toEqual([200, 200]);
      expect(server.log.errors()[0]).toMatch(/close\(\) of a response body failed: (rejected|thrown)/);
    }
  }); // prettier-ignore
});
