import { expect, test } from 'vitest';
import { addressKey, compileAllowList } from '../src/address.ts';

test.each([
  ['203.0.113.7', 32, 64, '203.0.113.7'],
  ['203.0.113.7', 24, 64, '203.0.113.0/24'],
  ['203.0.113.200', 25, 64, '203.0.113.128/25'],
  ['203.0.113.7', 0, 64, '0.0.0.0/0'],
  ['255.255.255.255', 31, 64, '255.255.255.254/31'],
  ['::ffff:203.0.113.7', 32, 64, '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', 32, 64, '2001:db8:1:2:0:0:0:0/64'],
  ['2001:db8:1:2::1', 32, 64, '2001:db8:1:2:0:0:0:0/64'],
  ['2001:0DB8:0001:0002::ffff', 32, 64, '2001:db8:1:2:0:0:0:0/64'],
  ['2001:db8:1:2ff::1', 32, 56, '2001:db8:1:200:0:0:0:0/56'],
  ['::1', 32, 128, '0:0:0:0:0:0:0:1/128'],
  ['::', 32, 64, '0:0:0:0:0:0:0:0/64'],
  ['fe80::1%eth0', 32, 64, 'fe80:0:0:0:0:0:0:0/64'],
  ['64:ff9b::203.0.113.7', 32, 128, '64:ff9b:0:0:0:0:cb00:7107/128'],
  ['not-an-address', 24, 64, 'not-an-address'],
])('%s is %s', (address, ipv4Prefix, ipv6Prefix, key) => {
  expect(addressKey(address, ipv4Prefix, ipv6Prefix)).toBe(key);
});

test('the allow list knows addresses, networks, and IPv4 in IPv6', () => {
  const isAllowed = compileAllowList(['192.0.2.1', '10.0.0.0/8', '2001:db8::/32']);
  for (const address of ['192.0.2.1', '10.255.0.1', '::ffff:10.0.0.1', '2001:db8:ffff::1'])
    expect(isAllowed(address), address).toBe(true);
  for (const address of ['192.0.2.2', '11.0.0.1', '2001:db9::1', '', 'unix:', 'nonsense'])
    expect(isAllowed(address), address).toBe(false);
});

test.each(['nonsense', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '::/129', ''])(
  '%j is no network',
  (entry) => {
    expect(() => compileAllowList([entry])).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  },
);
