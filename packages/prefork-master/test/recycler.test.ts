import { expect, test } from 'vitest';
import { Recycler } from '../src/recycler.ts';
import { FakeClock, settle } from './support.ts';

interface Tired {
  readonly name: string;
}

function harness() {
  const clock = new FakeClock();
  const told: string[] = [];
  const replacing: { worker: Tired; done: PromiseWithResolvers<void> }[] = [];
  const gone = new Set<Tired>();
  const recycler = new Recycler<Tired>({
    clock,
    isInService: (worker) => !gone.has(worker),
    announce: ({ name }, reason) => void told.push(`${name}: ${reason}`),
    replace: (worker) => {
      const done = Promise.withResolvers<void>();
      replacing.push({ worker, done });
      return done.promise;
    },
  });
  return { clock, told, replacing, gone, recycler };
}

const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [Tired, Tired, Tired];

test('workers are replaced one after the other, each once', async () => {
  const { recycler, replacing, told } = harness();
  recycler.request(a, 'old');
  recycler.request(b, 'old');
  recycler.request(a, 'large');
  expect(replacing.map(({ worker }) => worker)).toEqual([a]);
  replacing[0]?.done.resolve();
  await settle();
  expect(replacing.map(({ worker }) => worker)).toEqual([a, b]);
  expect(told).toEqual(['a: old', 'b: old']);
});

test('one that is gone when its turn comes needs no replacement', async () => {
  const { recycler, replacing, gone } = harness();
  for (const worker of [a, b, c]) recycler.request(worker, 'old');
  gone.add(b);
  replacing[0]?.done.resolve();
  await settle();
  expect(replacing.map(({ worker }) => worker)).toEqual([a, c]);
});

test('after a replacement that did not boot the worker has peace for 10 s', async () => {
  const { recycler, replacing, clock } = harness();
  recycler.request(a, 'old');
  replacing[0]?.done.reject(new Error('broken'));
  await settle();
  recycler.request(a, 'old');
  await clock.pass(9999);
  recycler.request(a, 'old');
  expect(replacing).toHaveLength(1);
  await clock.pass(1);
  recycler.request(a, 'old');
  expect(replacing).toHaveLength(2);
});
