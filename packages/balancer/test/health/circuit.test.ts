import { describe, expect, test } from 'vitest';
import type { Balancer, CircuitOptions, Outcome, Peer } from '../../src/index.ts';
import { balancer, ids } from '../support.ts';

const guarded = (circuit: CircuitOptions): Balancer & { wait(ms: number): void } =>
  balancer({ peers: ids(2), maxFails: 0, circuit });

function requests(from: Balancer, outcomes: readonly Outcome[]): number {
  let sent = 0;
  for (const outcome of outcomes) {
    const peer = from.pick();
    if (peer === undefined) continue;
    sent++;
    from.release(peer, outcome);
  }
  return sent;
}
const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome);

describe('a circuit', () => {
  const options = { failureShare: 0.5, minRequests: 10, openMs: 1000, trials: 2, windowMs: 5000 };

  test('opens when half of the requests fail, and refuses at once', () => {
    const from = guarded(options);
    requests(from, [...times(5, 'ok'), ...times(4, 'failed')]);
    expect(from.circuit()).toBe('closed');
    requests(from, ['failed']);
    expect([from.circuit(), from.pick(), from.refusal()]).toEqual(['open', undefined, 'circuit-open']);
    expect(from.changesAt()).toBe(1000);
  });

  test('lets so many try after its time, and closes when all of them succeed', () => {
    const from = guarded(options);
    requests(from, times(10, 'failed'));
    from.wait(999);
    expect(from.pick()).toBeUndefined();
    from.wait(1);
    const trials = [from.pick(), from.pick()] as Peer[];
    expect([from.pick(), from.circuit()]).toEqual([undefined, 'half-open']);
    for (const peer of trials) from.release(peer, 'ok');
    expect(from.circuit()).toBe('closed');
    expect(requests(from, times(20, 'ok'))).toBe(20);
  });

  test('opens again when a trial fails; one that was given up is not counted', () => {
    const from = guarded(options);
    requests(from, times(10, 'failed'));
    from.wait(1000);
    expect(requests(from, ['aborted', 'aborted', 'aborted', 'ok', 'failed', 'ok'])).toBe(5);
    expect(from.circuit()).toBe('open');
  });

  test('counts within its window only', () => {
    const from = guarded(options);
    requests(from, times(9, 'failed'));
    from.wait(5001);
    requests(from, times(9, 'failed'));
    expect(from.circuit()).toBe('closed');
  });

  test('lets no more requests out than the most', () => {
    const from = guarded({ maxRequests: 3 });
    const held = [from.pick(), from.pick(), from.pick()];
    expect([from.pick(), from.refusal()]).toEqual([undefined, 'circuit-open']);
    from.release(held[0] as Peer, 'aborted');
    expect(from.pick()).toBeDefined();
  });
});

test('without one nothing is refused', () => {
  const from = balancer({ peers: ids(2), maxFails: 0 });
  expect(requests(from, times(1000, 'failed'))).toBe(1000);
  expect(from.circuit()).toBe('closed');
});
