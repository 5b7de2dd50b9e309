import { expect, test } from 'vitest';
import { addressOf, isPeriod, nameOf } from '../src/address.ts';

test.each([
  ['2006-12-10', '/blogs/2006/12/10/', '10 December 2006'],
  ['2006-12', '/blogs/2006/12/', 'December 2006'],
  ['2006', '/blogs/2006/', '2006'],
])('%s has the address %s and is called %s', (period, address, name) => {
  expect(addressOf(period)).toBe(address);
  expect(nameOf(period)).toBe(name);
});

test.each(['2024-02-29', '2006-12', '0001'])('%s is in the calendar', (period) => {
  expect(isPeriod(period)).toBe(true);
});

test.each(['2023-02-29', '2006-02-30', '2006-13', '2006-00', '2006-1', '06', '', '2006-12-10-1'])(
  '"%s" is not in the calendar',
  (period) => {
    expect(isPeriod(period)).toBe(false);
  },
);
