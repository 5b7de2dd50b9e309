import { expect, test } from 'vitest';
import { coalesce } from '../src/coalesce.ts';
import { settle } from './support.ts';

function harness() {
  const runs: { argument: string; gate: PromiseWithResolvers<void> }[] = [];
  const call = coalesce((argument: string) => {
    const gate = Promise.withResolvers<void>();
    runs.push({ argument, gate });
    return gate.promise;
  });
  return { runs, call };
}

test('calls during a run share one run after it, with the last argument', async () => {
  const { runs, call } = harness();
  const first = call('a');
  const others = [call('b'), call('c')];
  expect(runs.map(({ argument }) => argument)).toEqual(['a']);
  runs[0]?.gate.resolve();
  await first;
  await settle();
  expect(runs.map(({ argument }) => argument)).toEqual(['a', 'c']);
  runs[1]?.gate.resolve();
  await Promise.all(others);
  void call('d');
  expect(runs).toHaveLength(3);
});

test('a failure reaches those who called for that run, and the next one runs', async () => {
  const { runs, call } = harness();
  const first = call('a');
  const second = call('b');
  runs[0]?.gate.reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  await settle();
  runs[1]?.gate.resolve();
  await expect(second).resolves.toBeUndefined();
});

test('never runs twice at once, even for a call between two runs', async () => {
  const { runs, call } = harness();
  const first = call('a');
  void call('b');
  // Runs right when the first has ended and the second is about to begin.
  void first.then(() => call('c'));
  runs[0]?.gate.resolve();
  await settle();
  expect(runs.length - 1).toBe(1);
});
