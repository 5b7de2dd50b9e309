import { describe, expect, test } from 'vitest';
import { formatAge, formatBytes, table } from '../../src/ctl/format.ts';
import { collectUpstreams } from '../../src/ctl/collect-upstreams.ts';
import { statusText } from '../../src/ctl/status-text.ts';
import type { ServerStatus, WorkerLine } from '../../src/ctl/types.ts';

const worker: WorkerLine = {
  id: 1,
  pid: 4711,
  state: 'ready',
  generation: 2,
  ageMs: 3_723_000,
  connections: 12,
  requests: 9001,
  requestsPerSecond: 120,
  active: 3,
  utilisation: 0.456,
  loopLagMs: 7,
  silentMs: 400,
  memoryBytes: 104_857_600,
  restarts: 1,
  crashes: 0,
  retryInMs: null,
  lastExit: null,
  serving: [],
};

const status = (...workers: WorkerLine[]): ServerStatus => ({
  version: '1.2.3',
  pid: 42,
  ageMs: 90_000,
  memoryBytes: 52_428_800,
  successorPid: null,
  predecessorPid: null,
  pools: [
    {
      name: 'front',
      state: 'running',
      size: workers.length,
      generation: 2,
      reloading: false,
      drained: false,
      queues: [
        { address: '127.0.0.1:80', queued: 5 },
        { address: 'unix:/x', queued: null },
      ],
      workers,
    },
  ],
  upstreams: [],
});

test('a status for people', () => {
  expect(statusText(status(worker, { ...worker, id: 2, active: 0, connections: null }))).toBe(
    `highball 1.2.3  master 42  up 1m30s  50M

front  127.0.0.1:80 (5 waiting to be accepted), unix:/x  2 of 2 workers ready, generation 2
  worker   pid  state    age  conns  active  requests  req/s  busy  lag  memory  restarts
       1  4711  busy   1h02m     12       3      9001    120   46%  7ms    100M         1
       2  4711  idle   1h02m      -       0      9001    120   46%  7ms    100M         1
`,
  );
});

test('a worker that backs off, one that blocks, and an upgrade are to be seen', () => {
  const text = statusText({
    ...status(
      { ...worker, pid: null, state: 'waiting', crashes: 4, retryInMs: 8000, lastExit: 'exited with code 1' },
      {
        ...worker,
        id: 2,
        silentMs: 12_000,
        serving: [{ method: 'GET', path: '/a\u001B[2J', forMs: 11_000 }],
      },
      { ...worker, id: 3, state: 'stopping' },
    ),
    successorPid: 43,
  });
  expect(text).toMatch(/^highball .*, upgrading to 43\n/);
  expect(text).toMatch(/1 +- {2}backing off +-/);
  expect(text).toContain('worker 1: next attempt in 8s, after 4 crashes');
  expect(text).toContain('worker 1: the last one exited with code 1');
  expect(text).toMatch(/2 +4711 {2}blocked/);
  expect(text).toContain('worker 2: gives no sign of life for 12s, serving GET /a [2J for 11s');
  expect(text).toMatch(/3 +4711 {2}stopping/);
  expect(text).not.toContain('\u001B');
});

test('servers behind, as all workers see them', () => {
  const peer = {
    id: 'http://10.0.0.1:80',
    state: 'up',
    why: null,
    backup: false,
    active: 2,
    failures: 1,
  } as const;
  const down = {
    ...peer,
    id: 'unix:/b',
    state: 'down',
    why: 'it answered 500\u001B',
    backup: true,
    active: 0,
  } as const;
  const report = { name: 'blog', balance: 'ketama', circuit: 'closed', waiting: 1, more: 0 };
  const upstreams = collectUpstreams([
    [{ ...report, peers: [peer, down] }],
    [{ ...report, circuit: 'open', peers: [peer, { ...down, state: 'up', why: null }] }],
  ]);
  expect(statusText({ ...status(), upstreams })).toContain(`
upstream blog  ketama, 2 waiting, circuit open
  server              state         in flight  failures
  http://10.0.0.1:80  up                    4         2
  unix:/b             down, backup          0         2
  unix:/b: down in 1 of 2 workers: it answered 500 \n`);
});

describe('formats', () => {
  test.each([
    [0, '0ms'],
    [999, '999ms'],
    [59_999, '59s'],
    [330_000, '5m30s'],
    [11_100_000, '3h05m'],
    [187_200_000, '2d04h'],
  ])('%d ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text));

  test.each([
    [null, '-'],
    [0, '0B'],
    [1023, '1023B'],
    [831_488, '812K'],
    [67_108_864, '64M'],
    [1_610_612_736, '1.5G'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test('numbers stand to the right, words to the left', () => {
    expect(
      table([
        ['n', 'word'],
        ['10', 'a'],
        ['-', 'bcdef'],
      ]),
    ).toEqual(['   n  word', '  10  a', '   -  bcdef']);
  });
});
