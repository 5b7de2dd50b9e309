import type { Application, UpgradedConnection } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../src/index.ts';
import { deferred, get, serve, until } from './support.ts';

describe('highball.draining', () => {
  test.each(['drain', 'close'] as const)(
    'is aborted by %s(), for connections taken over too',
    async (stop) => {
      const reasons: unknown[] = [];
      await using server = await serve((environ) => {
        const { socket } = (environ['highball.upgrade'] as () => UpgradedConnection)();
        const draining = (environ['highball.draining'] as () => AbortSignal)();
        draining.addEventListener('abort', () => {
          reasons.push((draining.reason as { code?: string }).code);
          socket.end('come back later');
        });
        socket.write('taken');
        return [];
      });
      const client = await server.connect();
      client.send(get('/', 'Connection: Upgrade', 'Upgrade: chat'));
      await client.until('taken');
      expect(reasons).toEqual([]);
      void server.worker[stop]();
      if (stop === 'drain') await client.until('come back later');
      await until(() => reasons.length === 1);
      expect(reasons).toEqual(['SERVER_STOPPING']);
    },
  );

  test('is not aborted by retire(): what applications keep open may stay, until the drain', async () => {
    const signals: AbortSignal[] = [];
    await using server = await serve((environ) => {
      signals.push((environ['highball.draining'] as () => AbortSignal)());
      (environ['highball.upgrade'] as () => UpgradedConnection)().socket.write('taken');
      return [];
    });
    const client = await server.connect();
    client.send(get('/', 'Connection: Upgrade', 'Upgrade: chat'));
    await client.until('taken');
    void server.worker.retire();
    expect(signals[0]?.aborted).toBe(false);
    void server.worker.drain();
    expect(signals[0]?.aborted).toBe(true);
  });

  test('is one signal for all requests, and aborted already for those that come later', async () => {
    const signals: AbortSignal[] = [];
    await using server = await serve((environ, startResponse) => {
      signals.push((environ['highball.draining'] as () => AbortSignal)());
      startResponse('200 OK', []);
      return ['x'];
    });
    const client = await server.connect();
    client.send(get('/1'));
    await client.until('x');
    void server.worker.drain();
    client.send(get('/2'));
    await client.closed;
    expect(signals).toHaveLength(2);
    expect(signals[0]).toBe(signals[1]);
    expect(signals[1]?.aborted).toBe(true);
  });
});

describe('highball.signal', () => {
  const waiting =
    (signals: AbortSignal[]): Application =>
    async (environ) => {
      const signal = (environ['highball.signal'] as () => AbortSignal)();
      signals.push(signal);
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
      return [];
    };

  test.each([
    ['leaves', (client: { socket: { resetAndDestroy(): unknown } }) => client.socket.resetAndDestroy()],
    ['sends no more', (client: { end(): void }) => client.end()],
  ])('is aborted when the client %s before its answer is complete', async (_name, leave) => {
    const signals: AbortSignal[] = [];
    await using server = await serve(waiting(signals));
    const client = await server.connect();
    client.send(get('/'));
    await until(() => signals.length === 1);
    expect(signals[0]?.aborted).toBe(false);
    leave(client);
    await until(() => signals[0]?.aborted === true);
    expect(signals[0]?.reason).toBeInstanceOf(RequestError);
    expect(signals[0]?.reason).toMatchObject({ code: 'CLIENT_GONE' });
  });

  test.each([
    ['with its reason', (reason: unknown) => reason],
    [
      'as an event-shaped application does',
      () => Object.assign(new Error('gone'), { code: 'CLIENT_DISCONNECTED' }),
    ],
  ])('an application that stops for it, %s, is no error in the log', async (_name, errorOf) => {
    await using server = await serve(async (environ) => {
      const signal = (environ['highball.signal'] as () => AbortSignal)();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw errorOf(signal.reason);
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.end();
    await until(() => server.log.errors('debug').length > 0);
    expect(server.log.errors('error')).toEqual([]);
    expect(server.log.errors('debug')[0]).toMatch(/^the application failed: /);
  });

  test('is aborted already when it is asked for late', async () => {
    const go = deferred();
    let signal: AbortSignal | undefined;
    await using server = await serve(async (environ) => {
      await go.promise;
      signal = (environ['highball.signal'] as () => AbortSignal)();
      return [];
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    go.resolve();
    await until(() => signal !== undefined);
    expect(signal?.aborted).toBe(true);
  });

  test('is not aborted when the answer was complete', async () => {
    let signal: AbortSignal | undefined;
    await using server = await serve((environ, start) => {
      signal = (environ['highball.signal'] as () => AbortSignal)();
      start('200 OK', []);
      return ['x'];
    });
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    await client.until('\r\n\r\nx');
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    expect(signal?.aborted).toBe(false);
  });
});
