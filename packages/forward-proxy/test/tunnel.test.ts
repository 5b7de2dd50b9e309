import { once } from 'node:events';
import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { connect, ManualClock, type Origin, startOrigin, startProxy } from './support.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n';
const echo = (): Promise<Origin> => startOrigin(() => undefined);

/** A tunnel that stands. */
async function open(port: number, origin: Origin): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(connect(`127.0.0.1:${origin.port}`));
  await client.until('\r\n\r\n');
  while (origin.sockets.length === 0) await new Promise(setImmediate);
  return client;
}

async function receivedBy(origin: Origin, text: string): Promise<void> {
  const hasCome = (): boolean => origin.received[0]?.endsWith(text) === true;
  while (!hasCome()) await new Promise(setImmediate);
}

test('bytes pass both ways as they are; the answer says nothing but that it stands', async () => {
  await using origin = await echo();
  await using proxy = await startProxy();
  const client = await open(proxy.port, origin);
  expect(client.received).toBe(ESTABLISHED);
  client.send('\0\xff\r\nGET / HTTP/1.1\r\n');
  await receivedBy(origin, '\0\xff\r\nGET / HTTP/1.1\r\n');
  origin.sockets[0]?.write('back');
  await client.until(/back$/);
  client.destroy();
});

test('what is sent right behind the request gets there', async () => {
  await using origin = await echo();
  await using proxy = await startProxy();
  const client = await RawClient.connect(proxy.port);
  client.send(`${connect(`127.0.0.1:${origin.port}`)}eager`);
  await receivedBy(origin, 'eager');
  client.destroy();
});

describe('each way ends by itself', () => {
  test('a client that has said all still hears the rest', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    client.send('question');
    client.end();
    await once(origin.sockets[0]!, 'end');
    expect(origin.received[0]).toBe('question');
    origin.sockets[0]?.end('answer');
    await client.closed;
    expect(client.received).toBe(`${ESTABLISHED}answer`);
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ method: 'CONNECT', status: 200, sentBytes: 8, receivedBytes: 6 }]);
    expect(proxy.records[0]?.error).toBeUndefined();
  });

  test('a destination that has said all still hears the rest', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    origin.sockets[0]?.end('bye');
    await client.closed;
    client.send('still here');
    await receivedBy(origin, 'still here');
    client.end();
    await proxy.recorded(1);
    expect(proxy.records[0]?.error).toBeUndefined();
  });

  test('the last bytes arrive, however many', async () => {
    const body = 'x'.repeat(4_000_000);
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    client.end();
    client.socket.pause();
    origin.sockets[0]?.end(body);
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.closed;
    expect(client.received).toHaveLength(ESTABLISHED.length + body.length);
  });
});

describe('an end that breaks', () => {
  test('at the client resets the destination', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    const broken = once(origin.sockets[0]!, 'error');
    client.socket.resetAndDestroy();
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 200, error: 'CLIENT_GONE' }]);
  });

  test('at the destination resets the client', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    const broken = once(client.socket, 'error');
    origin.sockets[0]?.resetAndDestroy();
    expect((await broken)[0]).toMatchObject({ code: 'ECONNRESET' });
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ error: 'RESET' }]);
    expect(proxy.errors).toEqual([]);
  });
});

describe('limits', () => {
  test('of silence and of time', async () => {
    for (const [limits, error] of [
      [{ tunnelIdleTimeoutMs: 1000 }, 'IDLE_TIMEOUT'],
      [{ totalTimeoutMs: 1000 }, 'TOTAL_TIMEOUT'],
    ] as const) {
      const clock = new ManualClock();
      await using origin = await echo();
      await using proxy = await startProxy({ ...limits, clock });
      const client = await open(proxy.port, origin);
      clock.advance(600);
      client.send('a');
      await receivedBy(origin, 'a');
      clock.advance(600);
      if (error === 'IDLE_TIMEOUT') {
        expect(proxy.records).toEqual([]);
        clock.advance(400);
      }
      await client.closed;
      expect(proxy.records).toMatchObject([{ error }]);
    }
  });

  test('of bytes: what is too much does not pass', async () => {
    await using origin = await echo();
    await using proxy = await startProxy({ maxBytes: 10 });
    const client = await open(proxy.port, origin);
    client.send('12345');
    await receivedBy(origin, '12345');
    client.send('678901');
    await client.closed;
    expect(origin.received[0]).toBe('12345');
    expect(proxy.records).toMatchObject([{ error: 'BYTES_EXCEEDED' }]);
  });

  test('of connections, whose places are given back', async () => {
    await using origin = await echo();
    await using proxy = await startProxy({ maxConnectionsPerClient: 1 });
    const client = await open(proxy.port, origin);
    const refused = connect(`127.0.0.1:${origin.port}`);
    expect(await exchange(proxy.port, refused)).toMatch(/^HTTP\/1\.1 429 /);
    client.socket.resetAndDestroy();
    await proxy.recorded(2);
    (await open(proxy.port, origin)).destroy();
  });

  test('a side that does not read holds the other one back', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const client = await open(proxy.port, origin);
    client.socket.pause();
    const socket = origin.sockets[0]!;
    const piece = Buffer.alloc(1_000_000);
    let written = 0;
    while (written < 200 && socket.write(piece)) written++;
    for (let i = 0; i < 100; i++) {
      await new Promise(setImmediate);
      if (socket.writableLength === 0) socket.write(piece);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The buffers of the kernel fill up, the proxy's own do not grow: some is left at the origin.
    socket.write(Buffer.alloc(20_000_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(socket.writableLength).toBeGreaterThan(1_000_000);
    client.destroy();
  });
});

test('a server that drains ends tunnels where nothing happens any more', async () => {
  const clock = new ManualClock();
  await using origin = await echo();
  await using proxy = await startProxy({ clock, drainIdleMs: 50 });
  const client = await open(proxy.port, origin);
  void proxy.worker.drain();
  await new Promise(setImmediate);
  clock.advance(49);
  client.send('busy');
  await receivedBy(origin, 'busy');
  clock.advance(49);
  expect(proxy.records).toEqual([]);
  clock.advance(1);
  await client.closed;
  expect(proxy.records).toMatchObject([{ error: 'IDLE_TIMEOUT' }]);
});

describe('a CONNECT that is refused', () => {
  test.each([
    ['without a port', '127.0.0.1', 400],
    ['to a path', '/', 400],
    ['to port 0', '127.0.0.1:0', 400],
    ['to nobody', '127.0.0.1:1', 502],
  ])('%s, closes the connection: what follows was meant for the tunnel', async (_, authority, status) => {
    await using proxy = await startProxy();
    const answer = await exchange(
      proxy.port,
      `${connect(authority)}GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test('with a body', async () => {
    await using origin = await echo();
    await using proxy = await startProxy();
    const answer = await exchange(
      proxy.port,
      `${connect(`127.0.0.1:${origin.port}`, 'Content-Length: 3\r\n')}abc`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});
