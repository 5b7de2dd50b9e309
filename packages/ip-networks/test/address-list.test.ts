import { expect, test } from 'vitest';
import { addressTest, type Network, parseNetwork } from '../src/index.ts';

const listed = addressTest(
  ['192.0.2.1', '10.0.0.0/8', '2001:db8::/32', 'fe80::/10'].map((text) => parseNetwork(text) as Network),
);

test.each(['192.0.2.1', '10.255.0.1', '::ffff:10.0.0.1', '2001:db8:ffff::1', 'fe80::1%eth0'])(
  '%s is listed, each time it is asked for',
  (address) => expect([listed(address), listed(address)]).toEqual([true, true]),
);

test.each(['192.0.2.2', '11.0.0.1', '2001:db9::1', '::1', '', 'localhost', 'unix:'])('%j is not', (address) =>
  expect([listed(address), listed(address)]).toEqual([false, false]),
);

test('an empty list has nobody', () => expect(addressTest([])('127.0.0.1')).toBe(false));

test('more addresses than are remembered are told apart all the same', () => {
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 3000; i++) {
      expect(listed(`10.0.${i >> 8}.${i & 255}`)).toBe(true);
      expect(listed(`11.0.${i >> 8}.${i & 255}`)).toBe(false);
    }
});
