import { expect, test } from 'vitest';
import { workerFlags } from '../src/worker-flags.ts';

test('workers have the flags of the master but its inspector, and a bound on the young generation', () => {
  expect(
    workerFlags(['--inspect=0', '--inspect-port=0', '--max-old-space-size=300'], '--no-warnings'),
  ).toEqual(['--max-semi-space-size=8', '--max-old-space-size=300']);
});

test.each([
  [['--max-semi-space-size=64'], ''],
  [['--max_semi_space_size', '64'], ''],
  [[], '--no-warnings --max-semi-space-size=64'],
])('the bound that somebody has set counts: %j, NODE_OPTIONS %j', (own, nodeOptions) => {
  expect(workerFlags(own, nodeOptions)).toEqual(own);
});
