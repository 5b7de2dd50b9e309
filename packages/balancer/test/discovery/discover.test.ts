import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import {
  discover,
  type Discovered,
  fileSource,
  functionSource,
  parsePeerLines,
  type Source,
  staticSource,
} from '../../src/discovery/index.ts';
import {
  type BalancerError,
  createBalancer,
  DiscoveryError,
  type Peer,
  type PeerOptions,
} from '../../src/index.ts';
import { Clock, settled } from '../clock.ts';

const list = (...ids: string[]): PeerOptions[] => ids.map((id) => ({ id }));

/** Follows a source, by a clock that stands still. */
function following(
  source: Source,
  options: object = {},
): { clock: Clock; lists: string[]; errors: BalancerError[]; discovery: ReturnType<typeof discover> } {
  const clock = new Clock();
  const lists: string[] = [];
  const errors: BalancerError[] = [];
  const discovery = discover(source, {
    onPeers: (peers) => lists.push(peers.map(({ id }) => id).join(' ')),
    onError: (error) => errors.push(error),
    setTimer: clock.setTimer,
    ...options,
  });
  return { clock, lists, errors, discovery };
}

/** A source that gives one answer after the other, and then the last one over and over. */
function answers(...found: (Discovered | Error)[]): Source & { asked: number } {
  const source = {
    asked: 0,
    find(): Discovered {
      const answer = found[Math.min(source.asked++, found.length - 1)];
      if (answer instanceof Error) throw answer;
      return answer as Discovered;
    },
  };
  return source;
}

describe('a source', () => {
  test('is asked again when its TTL is over', async () => {
    const { clock, lists, discovery } = following(
      answers({ peers: list('a'), ttlMs: 5000 }, { peers: list('a', 'b'), ttlMs: 5000 }),
    );
    await discovery.ready;
    expect(lists).toEqual(['a']);
    await clock.pass(4999);
    expect(lists).toEqual(['a']);
    await clock.pass(1);
    expect(lists).toEqual(['a', 'a b']);
    discovery.close();
    expect(clock.timers).toBe(0);
  });

  test('that tells no TTL is asked again after the interval', async () => {
    const source = answers({ peers: list('a') });
    const { clock, discovery } = following(source);
    await discovery.ready;
    await clock.pass(29_999);
    expect(source.asked).toBe(1);
    await clock.pass(1);
    expect(source.asked).toBe(2);
  });

  test.each([
    [0, 1000],
    [1e12, 300_000],
  ])('with a TTL of %d ms is asked again after %d ms', async (ttlMs, waitMs) => {
    const source = answers({ peers: list('a'), ttlMs });
    const { clock, discovery } = following(source);
    await discovery.ready;
    await clock.pass(waitMs - 1);
    expect(source.asked).toBe(1);
    await clock.pass(1);
    expect(source.asked).toBe(2);
  });

  test('that fails takes no peers away, and is asked again after longer and longer', async () => {
    const source = answers(
      { peers: list('a'), ttlMs: 1000 },
      new DiscoveryError('RESOLVE_FAILED', 'no answer'),
    );
    const { clock, lists, errors, discovery } = following(source, { maxRetryMs: 5000 });
    await discovery.ready;
    const asked: number[] = [];
    for (let second = 0; second < 20; second++) {
      const before = source.asked;
      await clock.pass(1000);
      if (source.asked > before) asked.push(clock.now);
    }
    expect(asked).toEqual([1000, 2000, 4000, 8000, 13_000, 18_000]);
    expect(lists).toEqual(['a']);
    expect(errors[0]?.code).toBe('RESOLVE_FAILED');
  });

  test('the same peers in another order are no other list', async () => {
    const { clock, lists, discovery } = following(
      answers({ peers: list('a', 'b'), ttlMs: 1000 }, { peers: list('b', 'a'), ttlMs: 1000 }),
    );
    await discovery.ready;
    await clock.pass(5000);
    expect(lists).toEqual(['a b']);
  });

  test('a list that the balancer refuses is offered again, and told of', async () => {
    const { clock, errors, discovery } = following(answers({ peers: list('a', 'a'), ttlMs: 1000 }), {
      onPeers: (peers: readonly PeerOptions[]) => createBalancer({ peers }),
    });
    await discovery.ready;
    await clock.pass(1000);
    expect(errors.map(({ code }) => code)).toEqual(['DUPLICATE_PEER', 'DUPLICATE_PEER']);
  });

  test('looks that are asked for during one are one more, not as many', async () => {
    const source = answers({ peers: list('a') });
    const { discovery } = following({
      find: () => settled().then(() => source.find()) as Promise<Discovered>,
    });
    for (let i = 0; i < 10; i++) void discovery.refresh();
    await discovery.refresh();
    expect(source.asked).toBe(2);
  });

  test('what comes after the end is not taken', async () => {
    const { lists, discovery } = following({ find: () => settled().then(() => ({ peers: list('a') })) });
    discovery.close();
    await discovery.ready;
    expect(lists).toEqual([]);
  });
});

test('a static list', async () => {
  const { lists, discovery } = following(staticSource(list('a', 'b')));
  await discovery.ready;
  expect(lists).toEqual(['a b']);
});

describe('a function', () => {
  test('gives a list, or one with its TTL', async () => {
    const plain = following(functionSource(async () => list('a')));
    await plain.discovery.ready;
    const timed = following(functionSource(async () => ({ peers: list('b'), ttlMs: 2000 })));
    await timed.discovery.ready;
    expect([plain.lists, timed.lists]).toEqual([['a'], ['b']]);
  });

  test('is given up after its time, and told of it', async () => {
    let given: AbortSignal | undefined;
    const source = functionSource((signal) => ((given = signal), new Promise(() => undefined)), {
      timeoutMs: 10,
    });
    const { errors, discovery } = following(source);
    await discovery.ready;
    expect(errors[0]).toMatchObject({
      code: 'SOURCE_FAILED',
      message: 'the source found nothing within 10 ms',
    });
    expect(given?.aborted).toBe(true);
  });

  test('that throws is told of', async () => {
    const { errors, discovery } = following(functionSource(async () => Promise.reject(new TypeError('oh'))));
    await discovery.ready;
    expect(errors[0]).toMatchObject({ code: 'SOURCE_FAILED', message: 'oh' });
  });
});

test('peers that come and go lose no request under way', async () => {
  const balancer = createBalancer({ peers: list('a', 'b'), strategy: 'least-connections' });
  const held = [balancer.pick(), balancer.pick(), balancer.pick(), balancer.pick()] as Peer[];
  const { clock, discovery } = following(
    answers({ peers: list('a'), ttlMs: 1000 }, { peers: list('a', 'b', 'c'), ttlMs: 1000 }),
    { onPeers: (peers: readonly PeerOptions[]) => balancer.setPeers(peers) },
  );
  await discovery.ready;
  expect(balancer.peers().map(({ id, active }) => [id, active])).toEqual([['a', 2]]);
  await clock.pass(1000);
  expect(balancer.peers().map(({ active }) => active)).toEqual([2, 2, 0]);
  for (const peer of held) balancer.release(peer, 'ok');
  expect(balancer.peers().map(({ active }) => active)).toEqual([0, 0, 0]);
});

describe('a file', () => {
  test('is read line by line', () => {
    const text =
      '# servers\nhttp://a:1\n\nhttp://b:2 weight=2.5 max=100  # the large one\n  unix:/c#d backup\r\n';
    expect(parsePeerLines(text)).toEqual([
      { id: 'http://a:1' },
      { id: 'http://b:2', weight: 2.5, maxConnections: 100 },
      { id: 'unix:/c#d', backup: true },
    ]);
    expect(() => parsePeerLines('a\nb wieght=2')).toThrow("line 2: 'wieght=2' is not known");
  });

  test('that changes, or that another takes the place of, is read again at once', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'peers');
    await writeFile(path, 'a\n');
    const { lists, discovery } = following(fileSource({ path }));
    await discovery.ready;
    await writeFile(path, 'a\nb\n');
    await expect.poll(() => lists.at(-1)).toBe('a b');
    await writeFile(`${path}.new`, 'c\n');
    await rename(`${path}.new`, path);
    await expect.poll(() => lists.at(-1)).toBe('c');
    discovery.close();
  });

  test('may be JSON', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'peers.json');
    await writeFile(path, '["a", { "id": "b", "weight": 2, "backup": true, "maxConnections": 3 }]');
    expect(await fileSource({ path }).find()).toEqual({
      peers: [{ id: 'a' }, { id: 'b', weight: 2, backup: true, maxConnections: 3 }],
    });
  });

  test.each([
    ['{}', 'FILE_FAILED', 'must be an array'],
    ['[', 'FILE_FAILED', 'is no JSON'],
    ['[1]', 'INVALID_PEER', 'entry 0 has no id'],
    ['["a", { "weight": 1 }]', 'INVALID_PEER', 'entry 1 has no id'],
    ['[{ "id": "a", "weight": "2" }]', 'INVALID_PEER', "entry 0: 'weight' is not known, or not of its type"],
    ['[{ "id": "a", "constructor": 1 }]', 'INVALID_PEER', "'constructor'"],
  ])('of %s is refused', async (text, code, message) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'peers.json');
    await writeFile(path, text);
    const found = Promise.resolve(fileSource({ path }).find());
    await expect(found).rejects.toThrow(expect.objectContaining({ code }));
    await expect(found).rejects.toThrow(message);
  });

  test('that is not there, or far too large, takes no peers away', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'peers');
    await expect(fileSource({ path }).find()).rejects.toThrow(
      expect.objectContaining({ code: 'FILE_FAILED' }),
    );
    await writeFile(path, ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(fileSource({ path }).find()).rejects.toThrow('more than 4194304 bytes');
    const nowhere = following(fileSource({ path: join(folder.path, 'x') }));
    await nowhere.discovery.ready;
    expect([nowhere.lists, nowhere.errors[0]?.code]).toEqual([[], 'FILE_FAILED']);
  });

  test('in a folder that comes later is found by the interval', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'later', 'peers');
    const { clock, lists, discovery } = following(fileSource({ path }));
    await discovery.ready;
    await mkdir(join(folder.path, 'later'));
    await writeFile(path, 'a');
    await clock.pass(1000);
    await discovery.refresh();
    expect(lists).toEqual(['a']);
    discovery.close();
  });
});
