import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseCoding, parseCodings } from '../src/index.ts';

const ALL = ['zstd', 'br', 'gzip'];
const choose = (accept: string): string => chooseCoding(parseCodings(accept), ALL).coding;

describe('the choice of a coding (RFC 9110 §12.5.3)', () => {
  test.each([
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['X-GZIP;q=0.1, identity;q=0', 'gzip'],
    ['x-gzip;q=0, gzip;q=0, *', 'zstd'],
    ['GZIP', 'gzip'],
    ['deflate', 'identity'],
    ['compress, exi', 'identity'],
    ['*', 'zstd'],
    ['*;q=0', 'identity'],
    ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
    ['br;q=0.5, gzip', 'gzip'],
    ['zstd;q=0, *', 'br'],
    ['zstd;q=0, br;q=0.000, *;q=0.1', 'gzip'],
    ['gzip;q=0', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['gzip;q=0.001', 'gzip'],
    ['gzip ; q=0.2 , br\t;\tq=0.1', 'gzip'],
    ['identity;q=0', 'identity'],
  ])('%s: %s', (accept, coding) => {
    expect(choose(accept)).toBe(coding);
  });

  test.each([
    ['gzip', false],
    ['identity;q=0', true],
    ['*;q=0', true],
    ['gzip, *;q=0', true],
    ['identity;q=0.1, *;q=0', false],
    ['*;q=0.5', false],
  ])('%s refuses what is not encoded: %s', (accept, refused) => {
    expect(chooseCoding(parseCodings(accept), ALL).identityRefused).toBe(refused);
  });
});

describe('of any field', () => {
  const weight = fc.constantFrom('', ';q=0', ';q=0.1', '; q=0.50', ';q=1', ';q=0.000');
  const item = fc.tuple(fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate'), weight);
  const field = fc.uniqueArray(item, { maxLength: 6, selector: ([name]) => name });

  test('the choice is one that the client allows, and there is none that it likes better', () => {
    fc.assert(
      fc.property(field, (items) => {
        const weights = new Map<string, number>(
          items.map(([name, q]) => [name, q === '' ? 1 : Number(/[\d.]+/.exec(q)?.[0])]),
        );
        const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0;
        const coding = choose(items.map(([name, q]) => name + q).join(', '));
        if (coding === 'identity') {
          for (const name of ALL) expect(weightOf(name)).toBeLessThanOrEqual(weights.get('identity') ?? 0);
          return;
        }
        expect(weightOf(coding)).toBeGreaterThan(0);
        expect(weightOf(coding)).toBe(Math.max(...ALL.map(weightOf)));
        expect(weightOf(coding)).toBeGreaterThanOrEqual(weights.get('identity') ?? 0);
        expect(coding).toBe(ALL.find((name) => weightOf(name) === weightOf(coding)));
      }),
    );
  });
});
