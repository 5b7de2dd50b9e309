import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ok, startProxy, startUpstream, type Upstream } from './support.ts';

const headEnd = '\r\n\r\n';
const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;

/** An upstream that tells which of its connections it was; `held` are the connections whose request waits. */
async function startHolding(): Promise<{ upstream: Upstream; answer(index: number): void }> {
  const upstream = await startUpstream((socket, received, index) => {
    if (received.endsWith(headEnd) && !received.includes('/held')) socket.write(ok(String(index)));
    else if (received.endsWith(headEnd) && /GET \/held [^]*GET \/next /.test(received)) {
      socket.write(ok(String(index)));
    }
  });
  return { upstream, answer: (index) => void upstream.sockets[index]?.write(ok(`held ${index}`)) };
}

/** Sends so many requests at the same time, and has them answered in this order. */
async function atOnce(
  port: number,
  order: readonly number[],
  holding: Awaited<ReturnType<typeof startHolding>>,
): Promise<void> {
  const clients: RawClient[] = [];
  for (let i = 0; i < order.length; i++) {
    const client = await RawClient.connect(port);
    client.send(get('/held'));
    await expect.poll(() => holding.upstream.received[i]).toContain('/held');
    clients.push(client);
  }
  for (const index of order) {
    holding.answer(index);
    await clients[index]?.until(`held ${index}`);
    clients[index]?.destroy();
  }
}

describe('of several connections that are free', () => {
  test('the one that was used last is taken: the others may rest, and end', async () => {
    const holding = await startHolding();
    await using upstream = holding.upstream;
    await using proxy = await startProxy([upstream.url]);
    await atOnce(proxy.port, [0, 2, 1], holding);
    expect(await exchange(proxy.port, get('/next'))).toMatch(/1$/);
    expect(await exchange(proxy.port, get('/next'))).toMatch(/1$/);
    expect(upstream.sockets).toHaveLength(3);
  });

  test('as many are kept as were needed at a time', async () => {
    const holding = await startHolding();
    await using upstream = holding.upstream;
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 60_000 });
    await atOnce(
      proxy.port,
      Array.from({ length: 100 }, (_, index) => index),
      holding,
    );
    expect(await exchange(proxy.port, get('/next'))).toMatch(/99$/);
    expect(upstream.sockets.filter((socket) => !socket.closed)).toHaveLength(100);
  });

  test('no more are kept than may be', async () => {
    const holding = await startHolding();
    await using upstream = holding.upstream;
    await using proxy = await startProxy([upstream.url], { maxIdle: 2 });
    await atOnce(proxy.port, [0, 1, 2], holding);
    await expect.poll(() => upstream.sockets.map((socket) => socket.closed)).toEqual([false, false, true]);
  });
});

describe('a connection is not used again', () => {
  test('when bytes have come over it that nobody asked for, however late', async () => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (!received.endsWith(headEnd)) return;
      socket.write(ok(String(index)));
      if (index === 0) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Len'), 20);
    });
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 60_000 });
    expect(await exchange(proxy.port, get())).toMatch(/0$/);
    await expect.poll(() => upstream.sockets[0]?.closed).toBe(true);
    expect(await exchange(proxy.port, get())).toMatch(/1$/);
  });

  test.each([
    ['says Connection: close', 'HTTP/1.1 200 OK\r\nConnection: close\r\n'],
    ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\n'],
  ])('when the upstream %s, though it leaves it open', async (_, head) => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd)) socket.write(`${head}Content-Length: 1\r\n\r\n${index}`);
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get())).toMatch(/0$/);
    expect(await exchange(proxy.port, get())).toMatch(/1$/);
  });
});

test('a picker that fails to take its peer back fails no request', async () => {
  await using upstream = await startUpstream((socket) => void socket.write(ok('fine')));
  const picker = {
    pick: () => ({ id: upstream.url }),
    release: () => {
      throw new Error('lost the book');
    },
  };
  await using proxy = await startProxy([], { picker });
  for (let i = 0; i < 2; i++) expect(await exchange(proxy.port, get())).toMatch(/fine$/);
  expect(proxy.log).toEqual([
    'the picker failed to take a peer back',
    'the picker failed to take a peer back',
  ]);
});

test('of thousands of upstreams those are forgotten that have no free connections', async () => {
  const holding = await startHolding();
  await using upstream = holding.upstream;
  let picked = 0;
  const picker = {
    pick: () => ({ id: picked++ === 0 ? upstream.url : `unix:/nowhere/${picked}` }),
    release: () => undefined,
  };
  await using proxy = await startProxy([], { picker, idleTimeoutMs: 60_000 });
  const client = await RawClient.connect(proxy.port);
  client.send(get('/held'));
  await expect.poll(() => upstream.received[0]).toContain('/held');
  const others = await RawClient.connect(proxy.port);
  others.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(4200));
  await expect.poll(() => picked, { timeout: 20_000 }).toBeGreaterThan(4200);
  others.destroy();
  holding.answer(0);
  await client.until('held 0');
  await expect.poll(() => upstream.sockets[0]?.closed).toBe(true);
});
