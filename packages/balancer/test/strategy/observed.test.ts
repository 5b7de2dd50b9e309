import { describe, expect, test } from 'vitest';
import type { Balancer, LoadReport, Peer } from '../../src/index.ts';
import { balancer, count, ids, pickOnly } from '../support.ts';

/** Lets a peer answer once, in so many milliseconds. */
function answer(from: Balancer, id: string, rttMs: number): void {
  from.release(pickOnly(from, id), 'ok', { rttMs });
}

/** Choices that are given back at once, with nothing seen. */
function choices(from: Balancer, total = 100): Record<string, number> {
  const names = Array.from({ length: total }, () => {
    const peer = from.pick() as Peer;
    from.release(peer, 'aborted');
    return peer.id;
  });
  return count(names);
}

describe('peak EWMA', () => {
  const two = (): Balancer & { wait(ms: number): void } => balancer({ peers: ids(2), strategy: 'peak-ewma' });

  test('goes to the quicker peer', () => {
    const from = two();
    answer(from, 'p0', 100);
    answer(from, 'p1', 10);
    expect(choices(from)).toEqual({ p1: 100 });
  });

  test('weighs the requests under way: ten times as quick takes ten times as many', () => {
    const from = two();
    answer(from, 'p0', 100);
    answer(from, 'p1', 10);
    for (let i = 0; i < 110; i++) from.pick();
    const active = from.peers().map((peer) => peer.active);
    expect(active[1]).toBeGreaterThan(95);
    expect(active[0]).toBeGreaterThan(5);
  });

  test('a slow answer counts at once, a quick one little by little', () => {
    const from = two();
    answer(from, 'p0', 10);
    answer(from, 'p1', 20);
    answer(from, 'p0', 500);
    from.wait(100);
    answer(from, 'p0', 1);
    expect(choices(from)).toEqual({ p1: 100 });
    for (let i = 0; i < 60; i++) {
      from.wait(1000);
      answer(from, 'p0', 1);
      answer(from, 'p1', 20);
    }
    expect(choices(from)).toEqual({ p0: 100 });
  });

  test('a bad name fades: a peer nobody asks is asked again', () => {
    const from = two();
    answer(from, 'p0', 500);
    answer(from, 'p1', 10);
    from.wait(60_000);
    answer(from, 'p1', 10);
    expect(choices(from)).toEqual({ p0: 100 });
  });

  test('a peer that refuses at once does not look like the quickest', () => {
    const from = balancer({ peers: ids(2), strategy: 'peak-ewma', maxFails: 0 });
    answer(from, 'p1', 50);
    from.release(pickOnly(from, 'p0'), 'failed', { rttMs: 1 });
    expect(choices(from)).toEqual({ p1: 100 });
  });

  test('a peer that has answered nothing yet gets one request, not all', () => {
    const from = two();
    answer(from, 'p1', 50);
    const names = Array.from({ length: 20 }, () => from.pick()?.id ?? '');
    expect(count(names)).toEqual({ p0: 1, p1: 19 });
  });
});

describe('least load', () => {
  const two = (): Balancer & { wait(ms: number): void } =>
    balancer({ peers: ids(2), strategy: 'least-load' });
  const told = (from: Balancer, id: string, load: LoadReport): void => {
    from.release(pickOnly(from, id), 'ok', { load });
  };

  test('goes where the queue is shorter', () => {
    const from = two();
    told(from, 'p0', { delayMs: 0, queue: 500 });
    told(from, 'p1', { delayMs: 0, queue: 2 });
    expect(choices(from)).toEqual({ p1: 100 });
  });

  test('goes where the loop is on time', () => {
    const from = two();
    from.report('p0', { delayMs: 1, queue: 0 });
    from.report('p1', { delayMs: 2000, queue: 0 });
    expect(choices(from)).toEqual({ p0: 100 });
  });

  test('counts what was sent since the report', () => {
    const from = two();
    from.report('p0', { delayMs: 0, queue: 0 });
    from.report('p1', { delayMs: 0, queue: 10 });
    const names = Array.from({ length: 30 }, () => from.pick()?.id ?? '');
    expect(count(names)).toEqual({ p0: 20, p1: 10 });
  });

  test('a new report takes in what was sent before it', () => {
    const from = two();
    for (let i = 0; i < 50; i++) pickOnly(from, 'p0');
    from.report('p0', { delayMs: 0, queue: 1 });
    from.report('p1', { delayMs: 0, queue: 5 });
    expect(from.pick()?.id).toBe('p0');
  });

  test('an old report says nothing', () => {
    const from = two();
    from.report('p0', { delayMs: 0, queue: 1000 });
    from.report('p1', { delayMs: 0, queue: 0 });
    from.wait(5001);
    const spread = choices(from);
    expect(spread['p0']).toBeGreaterThan(25);
    expect(spread['p1']).toBeGreaterThan(25);
  });
});
