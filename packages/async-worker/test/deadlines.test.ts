import { describe, expect, test } from 'vitest';
import { type Expiry, expiryOf, type Watched, type WatchedExchange } from '../src/deadlines.ts';
import { resolveOptions } from '../src/options.ts';
import { echoBody, echoPath, get, last, request, serve, statusesOf, until } from './support.ts';

const options = resolveOptions({});
const idleOutput = { lateMs: () => 0 };

function expiry(
  watched: Partial<Watched>,
  now: number,
  elapsedMs = 0,
  drainingSince?: number,
): Expiry | undefined {
  const connection = {
    stage: 'idle',
    since: 0,
    exchange: undefined,
    output: idleOutput,
    ...watched,
  } as Watched;
  return expiryOf(connection, now, elapsedMs, options, drainingSince);
}

describe('expiryOf', () => {
  test.each<[Watched['stage'], number, Expiry]>([
    ['first', 20_000, 'idle'],
    ['idle', 75_000, 'idle'],
    ['head', 20_000, 'head'],
  ])('the stage %s has %i ms', (stage, ms, expected) => {
    expect(expiry({ stage }, ms)).toBeUndefined();
    expect(expiry({ stage }, ms + 1)).toBe(expected);
  });

  test('a drain leaves idle connections 2 s from its beginning, not from theirs', () => {
    expect(expiry({ stage: 'idle', since: 0 }, 52_000, 0, 50_000)).toBeUndefined();
    expect(expiry({ stage: 'idle', since: 0 }, 52_001, 0, 50_000)).toBe('idle');
    expect(expiry({ stage: 'idle', since: 51_000 }, 52_001, 0, 50_000)).toBeUndefined();
  });

  test('a client that takes nothing for 60 s is late at every stage', () => {
    for (const stage of ['exchange', 'blocked', 'lingering'] as const) {
      expect(expiry({ stage, output: { lateMs: () => 60_000 } }, 0)).toBeUndefined();
      expect(expiry({ stage, output: { lateMs: () => 60_001 } }, 0)).toBe('write');
    }
  });
});

describe('the rate of a body', () => {
  function makeExchange(
    input: Partial<NonNullable<WatchedExchange['input']>> | undefined,
  ): WatchedExchange & {
    input: { received: number } | undefined;
  } {
    const body = input && { received: 0, complete: false, full: false, ...input };
    return { startedAt: 0, owesContinue: false, input: body, bodyBudgetMs: 20_000, countedBytes: 0 };
  }

  /** Seconds until it is late, when so many bytes come each second. */
  function secondsUntilLate(exchange: ReturnType<typeof makeExchange>, bytesPerSecond: number): number {
    for (let second = 1; second <= 1000; second++) {
      if (exchange.input) exchange.input.received += bytesPerSecond;
      if (expiry({ stage: 'exchange', exchange }, 0, 1000) === 'body') return second;
    }
    return Number.POSITIVE_INFINITY;
  }

  test('nothing at all is late after the grace', () => {
    expect(secondsUntilLate(makeExchange({}), 0)).toBe(21);
  });

  test('half the rate is late after twice the grace', () => {
    expect(secondsUntilLate(makeExchange({}), 250)).toBe(41);
  });

  test('the rate is never late', () => {
    expect(secondsUntilLate(makeExchange({}), 500)).toBe(Number.POSITIVE_INFINITY);
  });

  test('a fast start saves nothing up', () => {
    const exchange = makeExchange({ received: 100_000_000 });
    expect(secondsUntilLate(exchange, 0)).toBeLessThan(23);
  });

  test.each([
    ['an application that reads slowly', { full: true }, {}],
    ['a body that has come', { complete: true }, {}],
    ['a client that waits for 100', {}, { owesContinue: true }],
    ['a request without a body', undefined, {}],
  ])('%s is never late', (_name, input, more) => {
    expect(secondsUntilLate(Object.assign(makeExchange(input), more), 0)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('over a socket', () => {
  test('a head that takes too long is answered 408', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send('GET / HTTP/1.1\r\n');
    await until(() => server.worker.stats().connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.clock.advance(19_000);
    client.send('Host: x\r\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(client.received).toBe('');
    server.clock.advance(2000);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([408]);
    expect(client.received).toContain('\r\nConnection: close\r\n');
  });

  test('empty lines do not put off the end of an idle connection', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    for (let second = 0; second < 21; second++) {
      client.send('\r\n');
      await new Promise((resolve) => setTimeout(resolve, 2));
      server.clock.advance(1000);
    }
    await client.closed;
    expect(client.received).toBe('');
  });

  test('a connection that never says anything is closed without a word', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    await until(() => server.worker.stats().connections === 1);
    server.clock.advance(22_000);
    await client.closed;
    expect(client.received).toBe('');
  });

  test('an idle connection is closed without a word, after its own time', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(get('/'));
    await client.until('\r\n\r\n/');
    server.clock.advance(74_000);
    client.send(get('/again'));
    await client.until('/again');
    server.clock.advance(74_000);
    expect(server.worker.stats().connections).toBe(1);
    server.clock.advance(3000);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test('a body that comes too slowly is answered 408, and its reader told', async () => {
    await using server = await serve(echoBody);
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    await until(() => server.worker.stats().active === 1);
    server.clock.advance(22_000);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([408]);
    await until(() => server.log.codes('debug').includes('BODY_TOO_SLOW'));
    expect(server.log.errors()).toEqual([]);
  });

  test('a body that comes too slowly behind its answer ends the connection, and gets no second answer', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    await client.until('\r\n\r\n/');
    server.clock.advance(22_000);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
  });

  test('a request that takes too long is answered 503, or cut', async () => {
    await using server = await serve(
      async (environ, start) => {
        if (environ.PATH_INFO === '/begun') void start('200 OK', [])('begun');
        return new Promise(() => undefined);
      },
      { requestTimeoutMs: 5000 },
    );
    const clients = [await server.connect(), await server.connect()];
    clients[0]?.send(get('/'));
    clients[1]?.send(get('/begun'));
    await until(() => server.worker.stats().active === 2);
    await clients[1]?.until('begun');
    server.clock.advance(7000);
    await Promise.all(clients.map((client) => client.closed));
    expect(clients.map(({ received }) => statusesOf(received))).toEqual([[503], [200]]);
    expect(clients[1]?.received.endsWith('begun\r\n')).toBe(true);
    expect(server.log.errors('warn')).toHaveLength(2);
  });

  test('a client that takes nothing of its answer is cut off', async () => {
    let closed = 0;
    let made = 0;
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      const endless = (function* body() { for (;; made++) yield Buffer.alloc(65_536); })(); // prettier-ignore
      return Object.assign(endless, { close: () => void closed++ });
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = made;
    server.clock.advance(59_000);
    expect(server.worker.stats().connections).toBe(1);
    server.clock.advance(3000);
    await until(() => server.worker.stats().connections === 0);
    await until(() => closed > 0);
    expect(made).toBe(before);
    expect(closed).toBe(1);
    expect(server.records).toMatchObject([{ complete: false }]);
  });

  test('a client that has got its last answer is not listened to for ever', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(last('/'));
    await client.closed;
    client.send(request('POST', '/', [], 'more'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.worker.stats().connections).toBe(1);
    server.clock.advance(7000);
    await until(() => server.worker.stats().connections === 0);
  });
});
