import { describe, expect, test } from 'vitest';
import { AnswerReader } from '../chaos/answer-reader.ts';
import { Doomed, type Sight } from '../chaos/doomed.ts';
import { Ledger } from '../chaos/ledger.ts';
import { Random, seedOf } from '../chaos/random.ts';
import { makeRequest } from '../chaos/requests.ts';
import { isFlat, type RespawnSample } from '../chaos/respawns.ts';

const SERVER = 8000;

describe('a connection is excused', () => {
  const sight = (alive = true): Sight => ({
    sockets: (pid) => (pid === 7 ? ['pipe:[1]', 'socket:[50]', 'socket:[51]'] : ['socket:[60]']),
    connections: () => [
      { localPort: SERVER, remotePort: 0, inode: 50 },
      { localPort: SERVER, remotePort: 4001, inode: 51 },
      { localPort: SERVER, remotePort: 4002, inode: 60 },
      { localPort: SERVER, remotePort: 4003, inode: 0 },
      { localPort: 9000, remotePort: 4004, inode: 51 },
    ],
    isAlive: () => alive,
  });

  test('only when the killed worker had accepted it', () => {
    const doomed = new Doomed(SERVER, sight());
    expect(doomed.note(7, 'killed')).toBe(1);
    expect(doomed.find(4001)).toEqual({ pid: 7, deed: 'killed' });
    // Another worker's, one that waits in the queue, and one of another server.
    for (const port of [4002, 4003, 4004]) expect(doomed.find(port)).toBeUndefined();
  });

  test('and the next one from the same port is not', () => {
    const doomed = new Doomed(SERVER, sight());
    doomed.note(7, 'killed');
    doomed.forget(4001);
    expect(doomed.find(4001)).toBeUndefined();
  });

  test('never, when the worker was gone before anybody looked', () => {
    const doomed = new Doomed(SERVER, sight(false));
    expect(() => doomed.note(7, 'killed')).toThrow('worker 7 was gone');
    expect(doomed.find(4001)).toBeUndefined();
  });
});

describe('the ledger', () => {
  test('counts what is excused apart from what is not, and what nobody has told of', () => {
    const ledger = new Ledger();
    ledger.sent = 4;
    ledger.answer('plain', 12);
    const failure = { id: 'u1-1', kind: 'plain', reason: 'closed before the answer', atMs: 5, tookMs: 1 };
    ledger.fail({ ...failure, doom: { pid: 7, deed: 'killed' } });
    ledger.fail({ ...failure, doom: undefined });
    expect(ledger).toMatchObject({
      answered: 1,
      excusedCount: 1,
      unexcusedCount: 1,
      pending: 1,
      slowestMs: 12,
    });
    expect(ledger.excused).toEqual({ 'killed: closed before the answer': 1 });
    expect(ledger.details).toEqual([{ ...failure, doom: undefined }]);
  });
});

describe('answers are read', () => {
  const read = (text: string): AnswerReader => {
    const reader = new AnswerReader();
    reader.push(Buffer.from(text));
    return reader;
  };

  test.each([
    ['with a length', 'Content-Length: 3\r\n\r\nabc'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'],
  ])('%s, byte by byte, and no byte too early', (_, rest) => {
    const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nX-Request-Id: 9\r\n${rest}`);
    const reader = new AnswerReader();
    for (const byte of bytes.subarray(0, -1)) {
      reader.push(Buffer.of(byte));
      expect(reader.take()).toBeUndefined();
    }
    expect(reader.begun).toBe(true);
    reader.push(bytes.subarray(-1));
    expect(reader.take()).toMatchObject({ status: 200, body: Buffer.from('abc'), persists: true });
    expect(reader.begun).toBe(false);
  });

  test('one after the other, and the last one says so', () => {
    const reader = read(
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
    expect(reader.take()).toMatchObject({ status: 200, persists: true });
    expect(reader.take()).toMatchObject({ status: 503, persists: false });
  });

  test.each([
    ['no answer', 'no status line', 'hello\r\n\r\n'],
    ['an answer without a length', 'unknown length', 'HTTP/1.1 200 OK\r\n\r\n'],
    [
      'a chunk without a size',
      'no size of a chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    ],
    [
      'a chunk that is too long',
      'the wrong size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
    ],
  ])('but %s is a fault', (_, fault, text) => {
    expect(() => read(text).take()).toThrow(fault);
  });
});

test("a request knows its own answer from that of another's", () => {
  const random = new Random(3);
  const answer = (body: string): Parameters<ReturnType<typeof makeRequest>['check']>[0] => ({
    status: 200,
    fields: new Map(),
    body: Buffer.from(body),
    persists: true,
  });
  const ask = (id: string): ReturnType<typeof makeRequest> => {
    for (;;) {
      const request = makeRequest(id, random);
      if (request.kind === 'plain') return request;
    }
  };
  const nothing = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
  expect(ask('u1-1').check(answer(`u1-1 0 ${nothing} \n`))).toBeUndefined();
  expect(ask('u1-1').check(answer(`u1-2 0 ${nothing} \n`))).toBe('a wrong answer');
  expect(ask('u1-1').check({ ...answer(''), status: 502 })).toBe('status 502');
});

test('the same seed brings the same numbers, and each part of a run has its own', () => {
  const numbers = (seed: number): number[] =>
    Array.from({ length: 5 }, (_, i) => new Random(seed + i).next());
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  expect(seedOf(1, 'orders')).not.toBe(seedOf(1, 'accidents'));
  const random = new Random(1);
  const rolls = Array.from({ length: 200 }, () => random.between(1, 3));
  expect(new Set(rolls)).toEqual(new Set([1, 2, 3]));
  expect(random.shuffle([1, 2, 3, 4]).toSorted()).toEqual([1, 2, 3, 4]);
});

describe('a master is flat', () => {
  const sample = (respawns: number, residentBytes: number, descriptors = 30): RespawnSample => ({
    respawns,
    residentBytes,
    descriptors,
  });
  const samples = (...bytes: number[]): RespawnSample[] =>
    bytes.map((each, index) => sample(index * 100, each));

  test('when it holds what it held once it was warm', () => {
    expect(isFlat({ samples: samples(100, 130, 131, 129, 131, 132), leftovers: [] })).toBe(true);
  });

  test('not when it grows, in memory or descriptors, or leaves something', () => {
    expect(isFlat({ samples: samples(100, 110, 120, 130, 140, 150), leftovers: [] })).toBe(false);
    const leak = [sample(0, 100, 30), sample(50, 100, 31), sample(100, 100, 32)];
    expect(isFlat({ samples: leak, leftovers: [] })).toBe(false);
    expect(isFlat({ samples: samples(100, 100), leftovers: ['process 7'] })).toBe(false);
  });
});
