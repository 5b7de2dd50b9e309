import { describe, expect, test } from 'vitest';
import { findSpare, type Sparable } from '../src/spare.ts';
import { echoPath, get, last, serve, statusesOf, until } from './support.ts';

describe('findSpare', () => {
  const at = (stage: Sparable['stage'], since: number): Sparable => ({ stage, since });

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
    expect(findSpare(connections, 5000)).toEqual([
      at('lingering', 5),
      at('idle', 3),
      at('idle', 4),
      at('first', 2),
      at('head', 1),
    ]);
  });

  test('leaves everyone a second', () => {
    expect(findSpare([at('idle', 1), at('head', 1)], 1000)).toEqual([]);
    expect(findSpare([at('idle', 1), at('head', 1)], 1001)).toHaveLength(2);
  });

  test('takes 32 at most', () => {
    const connections = Array.from({ length: 100 }, (_, i) => at('idle', i));
    expect(findSpare(connections, 5000).map(({ since }) => since)).toEqual(
      Array.from({ length: 32 }, (_, i) => i),
    );
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
