import { describe, expect, test } from 'vitest';
import { evaluate, rangeApplies } from '../src/conditional.ts';

describe('preconditions (RFC 9110 §13)', () => {
  const file = { etag: '"abc"', modifiedSeconds: Date.UTC(2024, 0, 2) / 1000 };
  const EARLIER = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const SAME = 'Tue, 02 Jan 2024 00:00:00 GMT';
  const LATER = 'Wed, 03 Jan 2024 00:00:00 GMT';
  test.each([
    [{}, 200],
    [{ HTTP_IF_NONE_MATCH: '"abc"' }, 304],
    [{ HTTP_IF_NONE_MATCH: 'W/"abc"' }, 304],
    [{ HTTP_IF_NONE_MATCH: '"x", "abc"' }, 304],
    [{ HTTP_IF_NONE_MATCH: '"x,abc"' }, 200],
    [{ HTTP_IF_NONE_MATCH: '*' }, 304],
    [{ HTTP_IF_NONE_MATCH: 'abc' }, 200],
    [{ HTTP_IF_NONE_MATCH: '"x"', HTTP_IF_MODIFIED_SINCE: LATER }, 200],
    [{ HTTP_IF_MODIFIED_SINCE: EARLIER }, 200],
    [{ HTTP_IF_MODIFIED_SINCE: SAME }, 304],
    [{ HTTP_IF_MODIFIED_SINCE: LATER }, 304],
    [{ HTTP_IF_MODIFIED_SINCE: 'Tuesday, 02-Jan-24 00:00:00 GMT' }, 304],
    [{ HTTP_IF_MODIFIED_SINCE: 'Tue Jan  2 00:00:00 2024' }, 304],
    [{ HTTP_IF_MODIFIED_SINCE: 'nonsense' }, 200],
    [{ HTTP_IF_MODIFIED_SINCE: '99999999999' }, 200],
    [{ HTTP_IF_MATCH: '"abc"' }, 200],
    [{ HTTP_IF_MATCH: 'W/"abc"' }, 412],
    [{ HTTP_IF_MATCH: '"x"' }, 412],
    [{ HTTP_IF_MATCH: '*' }, 200],
    [{ HTTP_IF_UNMODIFIED_SINCE: EARLIER }, 412],
    [{ HTTP_IF_UNMODIFIED_SINCE: SAME }, 200],
    [{ HTTP_IF_UNMODIFIED_SINCE: 'nonsense' }, 200],
    [{ HTTP_IF_MATCH: '"abc"', HTTP_IF_UNMODIFIED_SINCE: EARLIER }, 200],
    [{ HTTP_IF_MATCH: '"abc"', HTTP_IF_NONE_MATCH: '"abc"' }, 304],
  ])('%j is %d', (conditions, status) => {
    expect(evaluate(conditions, file)).toBe(status);
  });

  test.each([
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [SAME, true],
    [EARLIER, false],
    [LATER, false],
    ['', false],
  ])('If-Range %s: %s', (ifRange, expected) => {
    expect(rangeApplies(ifRange, file, Date.UTC(2024, 0, 3))).toBe(expected);
  });

  test('the date of a file that changed in this very second is no strong validator for If-Range', () => {
    const time = Date.UTC(2024, 0, 2);
    expect(rangeApplies(SAME, file, time + 999)).toBe(false);
    expect(rangeApplies(SAME, file, time + 1000)).toBe(true);
    expect(rangeApplies('"abc"', file, time)).toBe(true);
  });
});
