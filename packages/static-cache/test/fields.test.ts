import type { HeaderList } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { freezeFields, withExpires } from '../src/fields.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

test('a frozen list, its pairs too', () => {
  const fields = freezeFields([['ETag', '"a"']]);
  expect(Object.isFrozen(fields) && fields.every(Object.isFrozen)).toBe(true);
});

test('Expires stands behind the fields, and the list is the same for a second', () => {
  const fields: HeaderList = freezeFields([['ETag', '"a"']]);
  const first = withExpires(fields, 60, NOON);
  expect(first).toEqual([
    ['ETag', '"a"'],
    ['Expires', 'Sat, 21 Nov 2026 12:01:00 GMT'],
  ]);
  expect(Object.isFrozen(first) && first.every(Object.isFrozen)).toBe(true);
  expect(withExpires(fields, 60, NOON + 999)).toBe(first);
  expect(withExpires(fields, 60, NOON + 1000)[1]).toEqual(['Expires', 'Sat, 21 Nov 2026 12:01:01 GMT']);
  expect(fields).toHaveLength(1);
});

test('without an age it is a time in the past, and the list the same for ever', () => {
  const fields: HeaderList = freezeFields([]);
  const first = withExpires(fields, 0, NOON);
  expect(first).toEqual([['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT']]);
  expect(withExpires(fields, 0, NOON + 5000)).toBe(first);
});
