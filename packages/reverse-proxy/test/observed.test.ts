import { createBalancer, takeLoad } from '@highball/balancer';
import type { Environ } from '@highball/gateway-protocol';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { Observation, Outcome } from '../src/index.ts';
import { ok, startProxy, startUpstream } from './support.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const REQUESTS = 30;

async function answersOf(port: number, request = GET): Promise<string[]> {
  const answers: string[] = [];
  for (let i = 0; i < REQUESTS; i++) answers.push(await exchange(port, request));
  return answers;
}

function countOf(answers: readonly string[], body: string): number {
  return answers.filter((answer) => answer.endsWith(`\r\n\r\n${body}`)).length;
}

test('with peak-ewma a slow peer gets less through the proxy', async () => {
  let time = 0;
  const now = (): number => time;
  await using slow = await startUpstream((socket) => {
    time += 200;
    socket.write(ok('slow'));
  });
  await using quick = await startUpstream((socket) => {
    time += 1;
    socket.write(ok('quick'));
  });
  const picker = createBalancer({
    peers: [{ id: slow.url }, { id: quick.url }],
    strategy: 'peak-ewma',
    now,
  });
  await using front = await startProxy([], { picker, now });
  const answers = await answersOf(front.port);
  expect(countOf(answers, 'quick')).toBeGreaterThan(REQUESTS - 5);
  expect(countOf(answers, 'slow')).toBeGreaterThan(0);
});

test('with least-load a peer that says it is busy gets less, and no client sees what it says', async () => {
  await using busy = await startUpstream((socket) =>
    socket.write(ok('busy', 'X-Highball-Load: delay=50, queue=100\r\n')),
  );
  await using idle = await startUpstream((socket) =>
    socket.write(ok('idle', 'x-highball-load: delay=0, queue=0\r\n')),
  );
  const picker = createBalancer({ peers: [{ id: busy.url }, { id: idle.url }], strategy: 'least-load' });
  await using front = await startProxy([], { picker, takeLoad });
  const answers = await answersOf(front.port);
  expect(countOf(answers, 'idle')).toBeGreaterThan(REQUESTS - 5);
  expect(answers.join('').toLowerCase()).not.toContain('x-highball-load');
});

test('the peer of a session is asked for', async () => {
  await using one = await startUpstream((socket) => socket.write(ok('one')));
  await using two = await startUpstream((socket) => socket.write(ok('two')));
  const picker = createBalancer({ peers: [{ id: one.url }, { id: two.url }] });
  const prefer = (environ: Environ): string | undefined => environ.HTTP_X_PEER;
  await using front = await startProxy([], { picker, prefer });
  const own = await answersOf(front.port, GET.replace('\r\n\r\n', `\r\nX-Peer: ${two.url}\r\n\r\n`));
  expect(countOf(own, 'two')).toBe(REQUESTS);
  expect(countOf(await answersOf(front.port), 'one')).toBeGreaterThan(0);
});

test('a picker is told what was seen of a peer', async () => {
  let time = 0;
  const released: [string, Outcome, Observation | undefined][] = [];
  await using whole = await startUpstream((socket) => {
    time += 7;
    socket.write(ok('whole', 'X-Highball-Load: delay=1, queue=2\r\n'));
  });
  let sendBody = (): void => undefined;
  await using long = await startUpstream((socket) => {
    time += 5;
    sendBody = () => socket.write('ok');
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n');
  });
  await using broken = await startUpstream((socket) => {
    time += 3;
    socket.end('nonsense\r\n\r\n');
  });
  const peers = [whole, long, broken].map(({ url }) => ({ id: url }));
  const picker = {
    pick: () => peers.shift(),
    release: (peer: { id: string }, outcome: Outcome, seen?: Observation) =>
      void released.push([peer.id, outcome, seen]),
  };
  await using front = await startProxy([], { picker, takeLoad, now: () => time });
  await exchange(front.port, GET);
  const answer = await fetch(`http://127.0.0.1:${front.port}/`);
  time += 100;
  sendBody();
  await answer.text();
  await exchange(front.port, GET);
  expect(released).toEqual([
    [whole.url, 'ok', { rttMs: 7, load: { delayMs: 1, queue: 2 } }],
    [long.url, 'ok', { rttMs: 5, load: undefined }],
    [broken.url, 'failed', { rttMs: 3 }],
  ]);
});

test('a peer is given back also when its report cannot be taken', async () => {
  await using upstream = await startUpstream((socket) => socket.write(ok('ok')));
  const balancer = createBalancer({ peers: [{ id: upstream.url }] });
  const broken = (): never => {
    throw new Error('no report');
  };
  await using front = await startProxy([], { picker: balancer, takeLoad: broken });
  expect(await exchange(front.port, GET)).toMatch(/^HTTP\/1\.1 502 /);
  expect(balancer.peers()[0]?.active).toBe(0);
  expect(front.log).toEqual(['no report']);
});
