import { createBalancer } from '@highball/balancer';
import { createPeerQueue, type PeerQueue } from '@highball/balancer/queue';
import { exchange, RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { PickRequest } from '../src/index.ts';
import { type Front, ok, startProxy, startUpstream, type Upstream } from './support.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

interface Place extends AsyncDisposable {
  readonly front: Front;
  readonly queue: PeerQueue;
  readonly upstream: Upstream;
  /** Answers what the upstream was asked first and has not answered. */
  answer(): void;
}

/** A server that takes one request at a time, and answers when it is told to. */
async function start(options: { maxWaiting: number; timeoutMs: number }): Promise<Place> {
  const asked: (() => void)[] = [];
  const upstream = await startUpstream((socket) => void asked.push(() => socket.write(ok('served'))));
  const balancer = createBalancer({ peers: [{ id: upstream.url, maxConnections: 1 }] });
  const queue = createPeerQueue(balancer, options);
  const picker = {
    pick: (request: PickRequest) => queue.acquire(request, request.environ['highball.signal']?.()),
    release: queue.release.bind(queue),
  };
  const front = await startProxy([], { picker });
  return {
    front,
    queue,
    upstream,
    answer: () => asked.shift()?.(),
    async [Symbol.asyncDispose]() {
      queue.close();
      await front[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test('who comes while all are busy waits, and is served in turn; one too many is 503', async () => {
  await using place = await start({ maxWaiting: 1, timeoutMs: 60_000 });
  const first = exchange(place.front.port, GET);
  await expect.poll(() => place.upstream.received.join('')).toContain('GET /');
  const second = exchange(place.front.port, GET);
  await expect.poll(() => place.queue.waiting).toBe(1);
  expect(await exchange(place.front.port, GET)).toMatch(/^HTTP\/1\.1 503 /);
  expect(place.front.log).toEqual(['1 requests wait for a peer already']);
  place.answer();
  expect(await first).toMatch(/served$/);
  await expect.poll(() => place.upstream.received.join('').match(/GET/g)).toHaveLength(2);
  place.answer();
  expect(await second).toMatch(/served$/);
});

test('who has waited for too long is answered 503', async () => {
  await using place = await start({ maxWaiting: 9, timeoutMs: 50 });
  const first = exchange(place.front.port, GET);
  await expect.poll(() => place.upstream.received.join('')).toContain('GET /');
  expect(await exchange(place.front.port, GET)).toMatch(/^HTTP\/1\.1 503 /);
  expect(place.front.log).toEqual(['no peer was free within 50 ms']);
  place.answer();
  await first;
});

test('a client that leaves the queue takes nobody a place', async () => {
  await using place = await start({ maxWaiting: 9, timeoutMs: 60_000 });
  const first = exchange(place.front.port, GET);
  await expect.poll(() => place.upstream.received.join('')).toContain('GET /');
  const client = await RawClient.connect(place.front.port);
  client.send(GET);
  await expect.poll(() => place.queue.waiting).toBe(1);
  client.destroy();
  await expect.poll(() => place.queue.waiting).toBe(0);
  place.answer();
  expect(await first).toMatch(/served$/);
  expect(place.upstream.received.join('').match(/GET/g)).toHaveLength(1);
  expect(place.front.errors).toEqual([]);
});
