import { describe, expect, test } from 'vitest';
import { Heartbeat, sweepPeriod } from '../src/heartbeat.ts';

function setUp(): { heartbeat: Heartbeat; pings: () => number } {
  let pings = 0;
  const heartbeat = new Heartbeat(1000, () => pings++);
  heartbeat.reset(0);
  return { heartbeat, pings: () => pings };
}

describe('a heartbeat', () => {
  test('that is not answered within its time is silence', () => {
    const { heartbeat, pings } = setUp();
    expect([250, 500, 750, 1000, 1250].map((now) => heartbeat.isSilent(now))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(pings()).toBe(1);
  });

  test('that is answered each time never is', () => {
    const { heartbeat, pings } = setUp();
    for (let now = 250; now < 10_000; now += 250) {
      expect(heartbeat.isSilent(now)).toBe(false);
      heartbeat.hear();
    }
    expect(pings()).toBeGreaterThan(30);
  });

  test('is never found silent before it was asked, however long ago it was heard', () => {
    const { heartbeat } = setUp();
    expect(heartbeat.isSilent(5000)).toBe(false);
    heartbeat.reset(5000);
    expect(heartbeat.isSilent(9000)).toBe(false);
    expect(heartbeat.isSilent(9250)).toBe(true);
  });
});

test('is looked at four times within its time, and each second at least', () => {
  expect([1000, 30_000, Number.POSITIVE_INFINITY, 4].map(sweepPeriod)).toEqual([250, 1000, 1000, 10]);
});
