import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { findSpare, type Sparable } from '../src/spare.ts';
import { echoBody, echoPath, get, last, serve, statusesOf, until } from './support.ts';

describe('findSpare', () => {
  const at = (stage: Sparable['stage'], since: number, heldUp = 0): Sparable & { heldUp: number } => ({
    stage,
    since,
    heldUp,
    heldUpMs: () => heldUp,
  });
  const places = (spare: readonly (Sparable & { heldUp: number })[]): unknown[] =>
    spare.map(({ stage, since, heldUp }) => (heldUp > 0 ? [stage, since, heldUp] : [stage, since]));

  test('takes who has its answer first, then idle ones, silent ones and slow ones; the oldest of each', () => {
    const connections = [
      at('exchange', 0),
      at('head', 1),
      at('first', 2),
      at('idle', 4),
      at('idle', 3),
      at('blocked', 0),
      at('lingering', 5),
    ];
    expect(places(findSpare(connections, 5000, 0))).toEqual([
      ['lingering', 5],
      ['idle', 3],
      ['idle', 4],
      ['first', 2],
      ['head', 1],
    ]);
  });

  test('leaves everyone a second', () => {
    expect(findSpare([at('idle', 1), at('head', 1)], 1000, 0)).toEqual([]);
    expect(findSpare([at('idle', 1), at('head', 1)], 1001, 0)).toHaveLength(2);
  });

  test('takes who holds up a request for three seconds, last of all and the slowest first', () => {
    const connections = [
      at('exchange', 0, 2999),
      at('exchange', 0, 3000),
      at('blocked', 0, 3500),
      at('exchange', 0, 4000),
      at('head', 0),
    ];
    expect(places(findSpare(connections, 5000, 0))).toEqual([
      ['head', 0],
      ['exchange', 0, 4000],
      ['blocked', 0, 3500],
      ['exchange', 0, 3000],
    ]);
  });

  test('takes 32 at most, or as many as wait for a place', () => {
    const connections = Array.from({ length: 100 }, (_, i) => at('idle', i));
    const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    expect(findSpare(connections, 5000, 3).map(({ since }) => since)).toEqual(first(32));
    expect(findSpare(connections, 5000, 70).map(({ since }) => since)).toEqual(first(70));
  });
});

describe('a worker whose places are all taken', () => {
  test('closes idle connections for new ones', async () => {
    await using server = await serve(echoPath, { workerConnections: 3 });
    for (let i = 0; i < 2; i++) {
      const client = await server.connect();
      client.send(get('/idle'));
      await client.until('/idle');
    }
    server.clock.advance(1500);
    for (let i = 0; i < 3; i++) expect(statusesOf(await server.exchange(last('/new')))).toEqual([200]);
  });

  test('cannot be kept busy by unfinished requests', async () => {
    await using server = await serve(echoPath, { workerConnections: 50 });
    for (let i = 0; i < 60; i++) (await server.connect()).send('GET / HTTP/1.1\r\nHo');
    await until(() => server.worker.stats().waiting === 10);
    const client = await server.connect();
    client.send(last('/normal'));
    await until(() => server.worker.stats().waiting === 11);
    server.clock.advance(2000);
    await client.until('/normal');
    expect(server.worker.stats().waiting).toBe(0);
  });

  test('cannot be kept busy by readers who take nothing', async () => {
    const body = Buffer.alloc(16_777_216);
    const app: Application = (environ, startResponse) => {
      startResponse('200 OK', []);
      return environ.PATH_INFO === '/large' ? [body] : ['small'];
    };
    await using server = await serve(app, { workerConnections: 4, writeTimeoutMs: Infinity });
    for (let i = 0; i < 4; i++) {
      const reader = await server.connect();
      reader.socket.pause();
      reader.send(get('/large'));
    }
    await until(() => server.worker.stats().requests === 4);
    const client = await server.connect();
    client.send(last('/normal'));
    await until(() => server.worker.stats().waiting === 1);
    // Whether the clients take something is seen from sweep to sweep.
    await until(() => {
      server.clock.advance(1000);
      return server.worker.stats().waiting === 0;
    });
    await client.until('small');
  });

  test('cannot be kept busy by bodies that do not come', async () => {
    await using server = await serve(echoBody, { workerConnections: 4 });
    for (let i = 0; i < 4; i++) {
      (await server.connect()).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx');
    }
    await until(() => server.worker.stats().active === 4);
    const client = await server.connect();
    client.send(last('/normal'));
    await until(() => server.worker.stats().waiting === 1);
    server.clock.advance(4000);
    await client.until('200 OK');
  });

  test('says Connection: close as long as others wait', async () => {
    await using server = await serve(echoPath, { workerConnections: 1 });
    const [first, second] = [await server.connect(), await server.connect()];
    await until(() => server.worker.stats().waiting === 1);
    first.send(get('/first'));
    await first.closed;
    expect(first.received).toContain('\r\nConnection: close\r\n');
    first.end();
    second.send(get('/second'));
    await second.until('/second');
    expect(second.received).not.toContain('Connection: close');
  });

  test('never gives up a request under way', async () => {
    await using server = await serve(() => new Promise(() => undefined), { workerConnections: 2 });
    for (let i = 0; i < 2; i++) (await server.connect()).send(get('/'));
    await server.connect();
    await until(() => server.worker.stats().waiting === 1);
    server.clock.advance(60_000);
    expect(server.worker.stats()).toMatchObject({ active: 2, waiting: 1 });
    // Nobody waits for ever.
    server.clock.advance(1000);
    await until(() => server.worker.stats().waiting === 0);
    expect(server.worker.stats()).toMatchObject({ active: 2 });
  });
});
