import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWeights, rememberField } from '../src/index.ts';

describe('weights (RFC 9110 §12.4.2)', () => {
  test.each([
    ['', {}],
    ['gzip', { gzip: 1 }],
    ['GZIP;Q=0.5', { gzip: 0.5 }],
    ['gzip ; q=0.2 , br\t;\tq=0.1', { gzip: 0.2, br: 0.1 }],
    ['a;q=0, b;q=0., c;q=1.000, d;q=0.001', { a: 0, b: 0, c: 1, d: 0.001 }],
    ['de, en-gb;q=0.8, *;q=0.1', { de: 1, 'en-gb': 0.8, '*': 0.1 }],
    ['text/html;level=1;q=0.3, */*;q=0.1', { 'text/html': 0.3, '*/*': 0.1 }],
    ['text/html;title="a, b";q=0.3', { 'text/html': 0.3 }],
    ['gzip;q=0, gzip', { gzip: 1 }],
    [',, ,gzip,', { gzip: 1 }],
  ])('%s', (value, expected) => {
    expect(Object.fromEntries(parseWeights(value))).toEqual(expected);
  });

  test.each([
    'gzip;q=1.5', 'gzip;q=1.001', 'gzip;q=0.0001', 'gzip;q=-1', 'gzip;q=a', 'gzip;q=', 'gzip;level=3', 'gzip;q=1;level=3',
    'gz ip', 'gzip;', ';', 'q=1', '"gzip"', 'text/html/xml', 'text/', 'text/html;q=2',
  ])('what is malformed is left out, and nothing else: %s', (value) => {
    expect(Object.fromEntries(parseWeights(`${value}, br;q=0.1`))).toEqual({ br: 0.1 });
  }); // prettier-ignore

  test('are between 0 and 1, whatever a client sends', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        for (const weight of parseWeights(value).values()) expect(weight >= 0 && weight <= 1).toBe(true);
      }),
    );
  });

  test('that were written are read', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}$/);
    const thousandths = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, thousandths), { selector: ([its]) => its }), (members) => {
        const value = members.map(([its, weight]) => `${its};q=${(weight / 1000).toFixed(3)}`).join(', ');
        expect([...parseWeights(value)]).toEqual(members.map(([its, weight]) => [its, weight / 1000]));
      }),
    );
  });
});

describe('what is remembered of a field', () => {
  test('is read once', () => {
    let reads = 0;
    const read = rememberField((field) => ({ field, reads: ++reads }));
    expect([read('a'), read('b'), read('a')].map((value) => value.reads)).toEqual([1, 2, 1]);
  });

  test('is what would be read again, also beyond what is remembered', () => {
    const read = rememberField((field) => field.length);
    for (let round = 0; round < 2; round++) for (let i = 0; i < 300; i++) expect(read('x'.repeat(i))).toBe(i);
  });

  test('is neither many nor long', () => {
    let reads = 0;
    const read = rememberField(() => ++reads);
    const long = 'x'.repeat(257);
    expect(read(long)).not.toBe(read(long));
    read('first');
    for (let i = 0; i < 64; i++) read(`other ${i}`);
    const before = reads;
    read('first');
    expect(reads).toBe(before + 1);
  });
});
