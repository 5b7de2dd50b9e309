import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LimitTable } from '../src/limit-table.ts';
import type { ConcurrencyLimit, RateLimit } from '../src/store.ts';

const rate = (fields: Partial<RateLimit> = {}): RateLimit => ({
  kind: 'rate',
  name: 'rate',
  rate: 1000,
  burst: 0,
  delay: 0,
  ...fields,
});
const atATime = (max: number, name = 'held'): ConcurrencyLimit => ({ kind: 'concurrency', name, max });

test('what one limit refuses counts for none of the others', () => {
  const table = new LimitTable(100);
  const wide = { limit: rate({ name: 'wide', burst: 1000 }), key: 'a' };
  const narrow = { limit: rate({ name: 'narrow' }), key: 'a' };
  const held = { limit: atATime(1), key: 'a' };
  expect(table.acquire([wide, held, narrow], '1', 0).refusedBy).toBe(-1);
  table.release([wide, held, narrow], '1');
  for (let i = 0; i < 5; i++) expect(table.acquire([wide, held, narrow], '2', 0).refusedBy).toBe(2);
  expect(table.size().held).toBe(0);
  expect(table.acquire([wide], '3', 0).refusedBy).toBe(-1);
});

test('the longest of several delays counts', () => {
  const table = new LimitTable(100);
  const claims = [
    { limit: rate({ name: 'a', rate: 1000, burst: 5000 }), key: 'x' },
    { limit: rate({ name: 'b', rate: 500, burst: 5000 }), key: 'x' },
  ];
  expect(table.acquire(claims, '1', 0).delayMs).toBe(0);
  expect(table.acquire(claims, '2', 0).delayMs).toBe(2000);
});

test('rates are kept of so many keys, and the longest unused is forgotten', () => {
  const table = new LimitTable(3);
  const limit = rate();
  const ask = (key: string): number => table.acquire([{ limit, key }], '', 0).refusedBy;
  for (const key of ['a', 'b', 'c']) expect(ask(key)).toBe(-1);
  for (let i = 0; i < 1000; i++) ask(`flood-${i}`);
  expect(table.size().rates).toBe(3);
  expect(ask('a')).toBe(-1);
  expect(ask('a')).toBe(0);
});

test('a key in use is not the one that is forgotten', () => {
  const table = new LimitTable(2);
  const limit = rate({ burst: 1000 });
  const ask = (key: string): number => table.acquire([{ limit, key }], '', 0).refusedBy;
  expect([ask('a'), ask('b'), ask('a'), ask('c')]).toEqual([-1, -1, -1, -1]);
  expect(ask('a'), 'remembered: b went').toBe(0);
});

describe('concurrency', () => {
  test('is what is held at the moment, by each key', () => {
    const table = new LimitTable(100);
    const a = [{ limit: atATime(2), key: 'a' }];
    expect(table.acquire(a, '1', 0).refusedBy).toBe(-1);
    expect(table.acquire(a, '2', 0).refusedBy).toBe(-1);
    expect(table.acquire(a, '3', 0)).toMatchObject({ refusedBy: 0, retryAfterMs: 1000 });
    expect(table.acquire([{ limit: atATime(2), key: 'b' }], '4', 0).refusedBy).toBe(-1);
    table.release(a, '1');
    expect(table.acquire(a, '3', 0).refusedBy).toBe(-1);
  });

  test('counts a member once, as long as one of its requests is under way', () => {
    const table = new LimitTable(100);
    const of = (member: string) => [{ limit: atATime(1), key: 'a', member }];
    expect(table.acquire(of('connection-1'), '1', 0).refusedBy).toBe(-1);
    expect(table.acquire(of('connection-1'), '2', 0).refusedBy).toBe(-1);
    expect(table.acquire(of('connection-2'), '3', 0).refusedBy).toBe(0);
    table.release(of('connection-1'), '1');
    expect(table.acquire(of('connection-2'), '3', 0).refusedBy).toBe(0);
    table.release(of('connection-1'), '2');
    expect(table.acquire(of('connection-2'), '3', 0).refusedBy).toBe(-1);
  });

  test('refuses new keys when there are too many, since none can be forgotten', () => {
    const table = new LimitTable(2);
    for (const key of ['a', 'b']) table.acquire([{ limit: atATime(9), key }], key, 0);
    expect(table.acquire([{ limit: atATime(9), key: 'c' }], 'c', 0).refusedBy).toBe(0);
    expect(table.acquire([{ limit: atATime(9), key: 'a' }], 'd', 0).refusedBy).toBe(-1);
  });

  test('whatever comes and goes, nothing is left in the end, and never is too much held', () => {
    const commands = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(commands, fc.integer({ min: 1, max: 4 }), (all, max) => {
        const table = new LimitTable(100);
        const held: { key: string; member: string }[] = [];
        const claims = (key: string) => [{ limit: atATime(max), key }];
        for (const [i, [key, comes]] of all.entries()) {
          const others = held.filter((hold) => hold.key === key);
          if (comes) {
            const granted = table.acquire(claims(key), String(i), 0).refusedBy === -1;
            expect(granted).toBe(others.length < max);
            if (granted) held.push({ key, member: String(i) });
          } else if (others[0]) {
            held.splice(held.indexOf(others[0]), 1);
            table.release(claims(key), others[0].member);
          }
        }
        for (const { key, member } of held) table.release(claims(key), member);
        expect(table.size().held).toBe(0);
      }),
    );
  });
});

describe('a lease', () => {
  const limit = rate({ burst: 20_000, delay: 20_000 });
  const ask = (table: LimitTable, want: number, now = 0) =>
    table.acquire([{ limit, key: 'a' }], '', now, want);

  test('is accounted at once', () => {
    const table = new LimitTable(10);
    expect(ask(table, 8).extra).toBe(8);
    let more = 0;
    while (ask(table, 0).refusedBy === -1) more++;
    // 21 without any lease: one and a burst of twenty.
    expect(1 + 8 + more).toBe(21);
  });

  test('is at most half of what is left, and nothing near the limit', () => {
    const table = new LimitTable(10);
    const extras: number[] = [];
    for (let outcome = ask(table, 100); outcome.refusedBy === -1; outcome = ask(table, 100))
      extras.push(outcome.extra);
    expect(extras).toEqual([10, 4, 2, 0, 0]);
  });

  test('is none where requests have to wait, or are counted while under way', () => {
    const table = new LimitTable(10);
    const waits = [{ limit: rate({ name: 'waits', burst: 20_000 }), key: 'a' }];
    expect(table.acquire(waits, '', 0, 10).extra).toBe(0);
    const held = [
      { limit, key: 'a' },
      { limit: atATime(5), key: 'a' },
    ];
    expect(table.acquire(held, '', 0, 10).extra).toBe(0);
  });
});
