import { expect, test } from 'vitest';
import { createBalancer, type TimedPeer, timedPicker } from '../src/index.ts';
import { ids } from './support.ts';

test('tells the balancer how long peers took: the quicker one is chosen', () => {
  let time = 0;
  const now = (): number => time;
  const picker = timedPicker(createBalancer({ peers: ids(2), strategy: 'peak-ewma', now }), now);
  for (const [id, ms] of [
    ['p0', 100],
    ['p1', 10],
  ] as const) {
    const picked = picker.pick({ exclude: new Set([id === 'p0' ? 'p1' : 'p0']) }) as TimedPeer;
    expect(picked.id).toBe(id);
    time += ms;
    picker.release(picked, 'ok');
  }
  for (let i = 0; i < 20; i++) {
    const picked = picker.pick() as TimedPeer;
    expect(picked.id).toBe('p1');
    // Given up at once: no answer came that quickly.
    picker.release(picked, 'aborted');
  }
});

test('gives nobody where the balancer gives nobody', () => {
  expect(timedPicker(createBalancer({ peers: [] })).pick()).toBeUndefined();
});
