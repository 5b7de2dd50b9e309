import { describe, expect, test } from 'vitest';
import { Balance, isAhead } from '../src/accept-balance.ts';
import { FakeClock } from './support.ts';

test.each([
  ['the only worker', 100, [101], false],
  ['two more than the least', 2, [3, 1], false],
  ['three more than the least', 3, [4, 1], true],
  ['records without a worker do not count', 5, [6, 0, 0], false],
  ['an eighth more than the least', 72, [73, 65], false],
  ['more than an eighth', 73, [74, 65], true],
])('%s', (_what, connections, counts, expected) => {
  expect(isAhead(connections, counts)).toBe(expected);
});

/** A worker with record 0 beside others whose counts the test sets. */
function harness() {
  const clock = new FakeClock();
  const counts = [0, 1, 1, 0];
  const calls: string[] = [];
  const turns: (() => void)[] = [];
  const balance = new Balance(
    0,
    {
      read: () => counts,
      enter: (record, connections) => void (counts[record] = connections === undefined ? 0 : connections + 1),
    },
    { pause: () => void calls.push('pause'), resume: () => void calls.push('resume') },
    clock,
    (callback) => void turns.push(callback),
  );
  const turn = (): void => turns.splice(0).forEach((callback) => callback());
  return { clock, counts, calls, balance, turn };
}

describe('a worker that is ahead', () => {
  test('stops accepting, and starts when the others have caught up', async () => {
    const { clock, counts, calls, balance } = harness();
    balance.update(2);
    expect(calls).toEqual([]);
    balance.update(3);
    expect(calls).toEqual(['pause']);
    counts[1] = counts[2] = 2;
    await clock.pass(1);
    expect(calls).toEqual(['pause', 'resume']);
  });

  test('accepts again at once when its own connections end', () => {
    const { calls, balance } = harness();
    balance.update(3);
    balance.update(2);
    expect(calls).toEqual(['pause', 'resume']);
  });

  test('looks after 1, 3, 7, 15 ms, and accepts for one turn from 5 ms on, if nothing waits', async () => {
    const { clock, calls, balance, turn } = harness();
    balance.update(9);
    await clock.pass(3);
    expect(calls).toEqual(['pause']);
    await clock.pass(4);
    expect(calls).toEqual(['pause', 'resume']);
    turn();
    expect(calls).toEqual(['pause', 'resume', 'pause']);
    await clock.pass(7);
    expect(calls).toHaveLength(3);
    await clock.pass(1);
    expect(calls).toHaveLength(4);
  });

  test('does not hold back while its connections end as fast as they come', async () => {
    const { clock, calls, balance } = harness();
    for (let passed = 0; passed < 6; passed++) {
      balance.update(1);
      balance.update(0);
    }
    for (let open = 1; open <= 6; open++) balance.update(open);
    expect(calls).toEqual([]);
    balance.update(7);
    expect(calls).toEqual(['pause']);
    balance.update(6);
    expect(calls).toEqual(['pause', 'resume']);
    // What was a while ago does not count.
    await clock.pass(501);
    balance.update(7);
    expect(calls).toEqual(['pause', 'resume', 'pause']);
  });

  test('what has passed in the quarter of a second before still counts', async () => {
    const { clock, calls, balance } = harness();
    await clock.pass(1000);
    for (let passed = 0; passed < 4; passed++) {
      balance.update(1);
      balance.update(0);
    }
    await clock.pass(300);
    for (let open = 1; open <= 4; open++) balance.update(open);
    expect(calls).toEqual([]);
    balance.update(5);
    expect(calls).toEqual(['pause']);
  });

  test('holds back when all clients have left at once and come again', async () => {
    const { clock, calls, counts, balance } = harness();
    counts[1] = counts[2] = 21;
    for (let open = 1; open <= 20; open++) balance.update(open);
    await clock.pass(1000);
    counts[1] = counts[2] = 1;
    for (let open = 19; open >= 0; open--) balance.update(open);
    for (let open = 1; open <= 3; open++) balance.update(open);
    expect(calls).toEqual(['pause']);
  });

  test('takes four of those that nobody else takes, and looks again after 5 ms', async () => {
    const { clock, calls, balance, turn } = harness();
    balance.update(9);
    await clock.pass(7);
    for (let taken = 10; taken <= 12; taken++) {
      balance.update(taken);
      turn();
      expect(calls.at(-1)).toBe('resume');
    }
    balance.update(13);
    turn();
    expect(calls.at(-1)).toBe('pause');
    await clock.pass(4);
    expect(calls.at(-1)).toBe('pause');
    await clock.pass(1);
    expect(calls.at(-1)).toBe('resume');
  });

  test('does not look more rarely than every 40 ms', async () => {
    const { clock, calls, balance, turn } = harness();
    balance.update(9);
    for (let round = 0; round < 30; round++) {
      await clock.pass(40);
      turn();
    }
    const before = calls.length;
    await clock.pass(40);
    expect(calls.length).toBe(before + 1);
  });

  test('is not paused by a turn that ends when it is ahead no more', async () => {
    const { clock, counts, calls, balance, turn } = harness();
    balance.update(9);
    await clock.pass(7);
    counts[1] = counts[2] = 9;
    balance.update(8);
    turn();
    expect(calls.at(-1)).toBe('resume');
  });

  test('that leaves accepts what is in the queue, and holds nobody back', async () => {
    const { clock, counts, calls, balance } = harness();
    balance.update(9);
    balance.leave();
    expect(calls).toEqual(['pause', 'resume']);
    expect(counts[0]).toBe(0);
    balance.update(10);
    await clock.pass(1000);
    expect(calls).toHaveLength(2);
    expect(counts[0]).toBe(0);
  });
});

test('a connection that ends never makes a worker hold back', () => {
  const { counts, calls, balance } = harness();
  counts[1] = counts[2] = 11;
  balance.update(10);
  counts[1] = 1;
  balance.update(9);
  expect(calls).toEqual([]);
});
