import { describe, expect, test } from 'vitest';
import { currentAge, type Freshness, freshnessOf, timeToLive } from '../src/freshness.ts';
import { responseControl } from '../src/targeted.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const HEURISTIC = { heuristicFraction: 0.1, maxHeuristicSeconds: 86_400 };
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

function freshness(fields: [string, string][], status = 200, requestMs = NOW): Freshness {
  return freshnessOf(status, fields, responseControl(fields, []), { requestMs, responseMs: NOW }, HEURISTIC);
}

describe('a lifetime', () => {
  test.each<[string, number, [string, string][]]>([
    ['s-maxage before max-age', 20, [['Cache-Control', 'max-age=10, s-maxage=20']]],
    [
      'max-age before Expires',
      10,
      [
        ['Cache-Control', 'max-age=10'],
        ['Expires', at(99)],
      ],
    ],
    [
      'Expires less Date',
      50,
      [
        ['Date', at(-10)],
        ['Expires', at(40)],
      ],
    ],
    ['Expires less the time it came, without Date', 40, [['Expires', at(40)]]],
    ['Expires that is no date', 0, [['Expires', '-1']]],
    [
      'two Expires',
      0,
      [
        ['Expires', at(40)],
        ['Expires', at(50)],
      ],
    ],
    [
      'a tenth of what it was unchanged for',
      100,
      [
        ['Date', at(0)],
        ['Last-Modified', at(-1000)],
      ],
    ],
    [
      'that for a day at most',
      86_400,
      [
        ['Date', at(0)],
        ['Last-Modified', at(-1e8)],
      ],
    ],
    [
      'none, when it will have changed',
      0,
      [
        ['Date', at(0)],
        ['Last-Modified', at(100)],
      ],
    ],
    ['none, when nothing is said', 0, []],
  ])('%s', (_, seconds, fields) => {
    expect(freshness(fields).lifetimeSeconds).toBe(seconds);
  });

  test('is not guessed for every status, but with public', () => {
    const fields: [string, string][] = [
      ['Date', at(0)],
      ['Last-Modified', at(-1000)],
    ];
    expect(freshness(fields, 500).lifetimeSeconds).toBe(0);
    expect(freshness([...fields, ['Cache-Control', 'public']], 500).lifetimeSeconds).toBe(100);
  });
});

describe('an age', () => {
  test.each<[string, number, [string, string][]]>([
    [
      'what it is told to be',
      30,
      [
        ['Date', at(0)],
        ['Age', '30'],
      ],
    ],
    [
      'that of its Date, when that is more',
      60,
      [
        ['Date', at(-60)],
        ['Age', '30'],
      ],
    ],
    ['nothing, when its Date is ahead', 0, [['Date', at(60)]]],
    ['the first of several', 5, [['Age', '5, 100']]],
    ['ignored when it is no number', 0, [['Age', '5.5']]],
  ])('%s', (_, seconds, fields) => {
    expect(freshness(fields).initialAgeSeconds).toBe(seconds);
  });

  test('grows by the time that the response took, and by that in the store', () => {
    const slow = freshness(
      [
        ['Date', at(0)],
        ['Age', '30'],
        ['Cache-Control', 'max-age=100'],
      ],
      200,
      NOW - 4000,
    );
    expect(slow.initialAgeSeconds).toBe(34);
    expect(currentAge(slow, NOW + 10_000)).toBe(44);
    expect(timeToLive(slow, NOW + 70_000)).toBe(-4);
    // A clock that was set back makes nothing younger than it came.
    expect(currentAge(slow, NOW - 10_000)).toBe(34);
  });
});
