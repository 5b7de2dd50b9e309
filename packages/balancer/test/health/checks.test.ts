import { createServer as createHttp, type Server } from 'node:http';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { freePort, temporaryFolder } from '@highball/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { createBalancer, type PeerOptions } from '../../src/index.ts';
import {
  connectByNet,
  type HealthCheckOptions,
  type HealthChecks,
  type HealthEvent,
  startHealthChecks,
  targetOf,
} from '../../src/health/index.ts';
import { Clock } from '../clock.ts';

let clean: (() => void)[] = [];
afterEach(() => {
  for (const end of clean.splice(0)) end();
  clean = [];
});

/** A server whose answer can be changed. */
async function server(): Promise<{ id: string; answer: { status: number }; asked: string[]; http: Server }> {
  const answer = { status: 200 };
  const asked: string[] = [];
  const http = createHttp((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.host}`);
    response.writeHead(answer.status).end('the rest of an answer');
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  clean.push(() => http.close());
  return { id: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, answer, asked, http };
}

/** Checks by real connections, at times that the test sets. */
function checking(
  peers: readonly PeerOptions[],
  options: HealthCheckOptions = {},
): {
  down: () => string[];
  rounds: (count: number) => Promise<void>;
  events: HealthEvent[];
  checks: HealthChecks;
  clock: Clock;
} {
  const clock = new Clock();
  const events: HealthEvent[] = [];
  const balancer = createBalancer({ peers, now: () => clock.now });
  let done = 0;
  let started = 0;
  const setTimer: HealthCheckOptions['setTimer'] = (callback, ms) => {
    // The deadline of a check, told by its odd time: it begins here, and is over when this is taken back.
    if (ms !== 777) return clock.setTimer(callback, ms);
    started++;
    const cancel = clock.setTimer(callback, ms);
    return () => (cancel(), void done++);
  };
  const checks = startHealthChecks(balancer, {
    intervalMs: 2000,
    timeoutMs: 777,
    setTimer,
    random: () => 0.5,
    onChange: (event) => events.push(event),
    ...options,
  });
  clean.push(() => checks.close());
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round++) {
      await clock.pass(round === 0 && started === 0 ? 1000 : 1001);
      await expect.poll(() => started - done, { interval: 2 }).toBe(0);
      await clock.pass(999);
    }
  };
  const down = (): string[] => balancer.peers().flatMap((peer) => (peer.down ? [peer.id] : []));
  return { down, rounds, events, checks, clock };
}

describe('HTTP checks', () => {
  test('take a peer down after three failures and bring it up after two answers', async () => {
    const one = await server();
    const { down, rounds, events } = checking([{ id: one.id }], { check: { kind: 'http', path: '/health' } });
    await rounds(1);
    expect(one.asked).toEqual([`GET /health ${one.id.slice('http://'.length)}`]);
    one.answer.status = 500;
    await rounds(2);
    expect(down()).toEqual([]);
    await rounds(1);
    expect(down()).toEqual([one.id]);
    one.answer.status = 204;
    await rounds(1);
    expect(down()).toEqual([one.id]);
    await rounds(1);
    expect(down()).toEqual([]);
    expect(events).toEqual([
      { id: one.id, health: 'down', problem: 'it answered 500' },
      { id: one.id, health: 'up', problem: undefined },
    ]);
  });

  test('at once: a new peer is checked without delay, and one failure takes it down; later ones count', async () => {
    const up = await server();
    const down = await server();
    down.answer.status = 503;
    const peers = [{ id: up.id }, { id: down.id }];
    const watched = checking(peers, { check: { kind: 'http' }, atOnce: true });
    await watched.clock.pass(0);
    await watched.checks.ready;
    expect(watched.down()).toEqual([down.id]);
    expect([up.asked.length, down.asked.length]).toEqual([1, 1]);
    up.answer.status = 503;
    // Half of an interval in which checks begin, half in which they end.
    await watched.clock.pass(1000);
    await watched.rounds(2);
    expect(watched.down()).toEqual([down.id]);
    await watched.rounds(1);
    expect(watched.down().toSorted()).toEqual([up.id, down.id].toSorted());
  });

  test('a failure between two answers counts anew', async () => {
    const one = await server();
    const { down, rounds } = checking([{ id: one.id }], { check: { kind: 'http' } });
    for (const status of [500, 500, 200, 500, 500]) {
      one.answer.status = status;
      await rounds(1);
    }
    expect(down()).toEqual([]);
  });

  test('which statuses are good can be said, and which Host is asked for', async () => {
    const one = await server();
    const isUp = (status: number): boolean => status === 401;
    const { down, rounds } = checking([{ id: one.id }], {
      check: { kind: 'http', host: 'app.example', isUp },
      fall: 1,
    });
    one.answer.status = 401;
    await rounds(1);
    expect(down()).toEqual([]);
    one.answer.status = 200;
    await rounds(1);
    expect(down()).toEqual([one.id]);
    expect(one.asked[0]).toBe('GET / app.example');
  });

  test.each<[string, (socket: Socket) => void, RegExp]>([
    ['says something other than HTTP', (socket) => socket.write('SSH-2.0-OpenSSH\r\n'), /other than HTTP/],
    ['never stops talking', (socket) => socket.write('x'.repeat(9000)), /other than HTTP/],
    ['hangs up', (socket) => socket.end(), /closed before an answer/],
  ])('a peer that %s is down', async (_, behave, problem) => {
    const odd = createServer((socket) => void behave(socket.on('error', () => undefined))).listen(
      0,
      '127.0.0.1',
    );
    await once(odd, 'listening');
    clean.push(() => odd.close());
    const id = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    const { rounds, events } = checking([{ id }], { check: { kind: 'http' }, fall: 1 });
    await rounds(1);
    expect(events[0]?.problem).toMatch(problem);
  });

  test('a peer that is silent is down after the time for a check', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const id = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { events, clock } = checking([{ id }], { check: { kind: 'http' }, fall: 1 });
    await clock.pass(1000);
    await clock.pass(776);
    expect(events).toEqual([]);
    await clock.pass(1);
    expect(events[0]).toMatchObject({ id, health: 'down', problem: 'it did not answer within 777 ms' });
    silent.close();
  });
});

describe('TCP checks', () => {
  test('go by whether a peer accepts, over Unix sockets too', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'app.sock');
    const open = createServer((socket) => socket.on('error', () => undefined)).listen(path);
    await once(open, 'listening');
    const closed = `http://127.0.0.1:${await freePort()}`;
    const { down, rounds } = checking([{ id: `unix:${path}` }, { id: closed }]);
    await rounds(3);
    expect(down()).toEqual([closed]);
    open.close();
    await once(open, 'close');
    await rounds(3);
    expect(down().length).toBe(2);
  });
});

test('peers that come are checked, peers that go are not any more', async () => {
  const [one, two] = [await server(), await server()];
  const clock = new Clock();
  const balancer = createBalancer({ peers: [{ id: one.id }], now: () => clock.now });
  const checks = startHealthChecks(balancer, {
    setTimer: clock.setTimer,
    check: { kind: 'http' },
    random: () => 0,
  });
  balancer.setPeers([{ id: two.id }]);
  checks.refresh();
  await clock.pass(0);
  await expect.poll(() => two.asked.length).toBe(1);
  expect(one.asked).toEqual([]);
  checks.close();
  expect(clock.timers).toBeLessThanOrEqual(1);
  await clock.pass(60_000);
  expect(two.asked.length).toBe(1);
});

test('an id that came later and is no address is a peer that is down', async () => {
  const clock = new Clock();
  const balancer = createBalancer({ peers: [], now: () => clock.now });
  const checks = startHealthChecks(balancer, { setTimer: clock.setTimer, fall: 1, random: () => 0 });
  balancer.setPeers([{ id: 'nowhere' }]);
  checks.refresh();
  await clock.pass(0);
  await expect.poll(() => balancer.peers()[0]?.down).toBe(true);
  checks.close();
});

test('times differ by the jitter, and no more', async () => {
  const one = await server();
  const clock = new Clock();
  const waits: number[] = [];
  const lots = [0, 0.999, 0.001];
  const checks = startHealthChecks(createBalancer({ peers: [{ id: one.id }] }), {
    setTimer: (callback, ms) => (waits.push(ms), clock.setTimer(callback, ms)),
    intervalMs: 3000,
    random: () => lots.shift() ?? 0.5,
  });
  for (let round = 1; round < 3; round++) {
    const before = waits.length;
    await clock.pass(round === 1 ? 0 : 3300);
    await expect.poll(() => waits.length).toBeGreaterThan(before + 1);
  }
  checks.close();
  expect(waits.find((ms) => ms > 3290 && ms < 3300)).toBeDefined();
  expect(waits.every((ms) => ms === 0 || ms === 1000 || (ms >= 2700 && ms <= 3300))).toBe(true);
});

test('no more than so many run at the same time, and each gets its turn', async () => {
  const one = await server();
  const target = targetOf(one.id);
  const clock = new Clock();
  const started: string[] = [];
  const peers = Array.from({ length: 30 }, (_, i) => ({ id: `http://p${i}` }));
  let isSilent = true;
  const checks = startHealthChecks(createBalancer({ peers }), {
    check: { kind: 'http' },
    maxConcurrent: 4,
    random: () => 0,
    target: (id) => (started.push(id), target),
    // A socket that was never connected stays silent.
    connect: (to) => (isSilent ? new Socket() : connectByNet(to)),
    setTimer: clock.setTimer,
  });
  const valid = started.splice(0);
  expect(valid).toHaveLength(30);
  await clock.pass(0);
  expect(started).toHaveLength(4);
  isSilent = false;
  await clock.pass(1000);
  await expect.poll(() => new Set(started).size).toBe(30);
  checks.close();
});

test.each([
  ['http://10.0.0.1:8000', { host: '10.0.0.1', port: 8000 }],
  ['http://10.0.0.1/', { host: '10.0.0.1', port: 80 }],
  ['https://app.example', { host: 'app.example', port: 443 }],
  ['http://[::1]:8000', { host: '::1', port: 8000 }],
  ['app:8000', { host: 'app', port: 8000 }],
  ['uwsgi://10.0.0.1:3031', { host: '10.0.0.1', port: 3031 }],
  ['unix:/run/app.sock', { path: '/run/app.sock' }],
  ['uwsgi+unix:/run/app.sock', { path: '/run/app.sock' }],
])('%s is at %j', (id, target) => {
  expect(targetOf(id)).toEqual(target);
});

test.each([
  'app',
  'uwsgi://app',
  'http://',
  'http://a:99999',
  'unix:run',
  'http://user@host:1',
  'http://a:1/path',
])('%s does not say where to connect to', (id) => {
  expect(() => targetOf(id)).toThrow('does not say where to connect to');
  expect(() => startHealthChecks(createBalancer({ peers: [{ id }] }))).toThrow('does not say where');
});

test('what does not speak plain HTTP is not asked by it, but may be checked by TCP', () => {
  const balancer = createBalancer({ peers: [{ id: 'https://127.0.0.1:1' }] });
  const http = { check: { kind: 'http' as const }, setTimer: new Clock().setTimer };
  expect(() => startHealthChecks(balancer, http)).toThrow('cannot be checked by plain HTTP');
  startHealthChecks(balancer, { setTimer: new Clock().setTimer }).close();
  startHealthChecks(balancer, { ...http, connect: connectByNet }).close();
});

test.each<[HealthCheckOptions, string]>([
  [{ rise: 0 }, 'rise must be 1 or more'],
  [{ jitter: 2 }, 'jitter must be between 0 and 1'],
  [{ check: { kind: 'http', path: 'health' } }, "'health' cannot be asked for"],
  [{ check: { kind: 'http', path: '/a b' } }, "'/a b' cannot be asked for"],
  [{ check: { kind: 'http', host: 'a\r\nX: y' } }, 'cannot be a Host'],
])('%j is refused', (options, message) => {
  expect(() => startHealthChecks(createBalancer({ peers: [] }), options)).toThrow(message);
});
