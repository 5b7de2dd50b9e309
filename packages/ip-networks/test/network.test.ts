import fc from 'fast-check';
import { BlockList } from 'node:net';
import { expect, test } from 'vitest';
import { contains, hasHostBits, networkKey, parseAddress, parseNetwork } from '../src/index.ts';

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['172.16.0.0/12', '172.31.255.255', true],
  ['172.16.0.0/12', '172.32.0.0', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['0.0.0.0/0', '8.8.8.8', true],
  ['0.0.0.0/0', '::1', false],
  ['fc00::/7', 'fdff::1', true],
  ['fc00::/7', 'fe00::1', false],
  ['::ffff:10.0.0.0/104', '10.1.1.1', true],
])('%s has %s in it: %s', (network, address, expected) => {
  const range = parseNetwork(network);
  expect(range && contains(range, parseAddress(address)!)).toBe(expected);
});

test.each([
  '10.0.0.0/33',
  '::/129',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '::ffff:10.0.0.0/80',
  'x/8',
  '1.2.3',
  '',
])('takes %s for no network', (text) => expect(parseNetwork(text)).toBeUndefined());

test.each([
  ['10.0.0.0/8', false],
  ['10.0.0.1/8', true],
  ['10.0.0.1', false],
  ['10.128.0.0/8', true],
  ['172.16.0.0/12', false],
  ['172.17.0.0/12', true],
  ['2001:db8::/32', false],
  ['2001:db8::1/32', true],
])('%s has bits behind the prefix: %s', (network, expected) => {
  expect(hasHostBits(parseNetwork(network)!)).toBe(expected);
});

test.each([
  ['203.0.113.7', 24, '203.0.113.0/24'],
  ['203.0.113.200', 25, '203.0.113.128/25'],
  ['255.255.255.255', 31, '255.255.255.254/31'],
  ['203.0.113.7', 0, '0.0.0.0/0'],
  ['2001:0DB8:0001:0002::ffff', 64, '2001:db8:1:2:0:0:0:0/64'],
  ['2001:db8:1:2ff::1', 56, '2001:db8:1:200:0:0:0:0/56'],
  ['64:ff9b::203.0.113.7', 128, '64:ff9b:0:0:0:0:cb00:7107/128'],
])('%s counts with %d bits as %s', (address, bits, key) => {
  expect(networkKey(parseAddress(address)!, bits)).toBe(key);
});

test('networks have in them what node:net says they have, and one key for all of it', () => {
  const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.ipV4(), fc.constant('ipv4' as const));
  const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.ipV6(), fc.constant('ipv6' as const));
  fc.assert(
    fc.property(fc.oneof(v4, v6), ([text, prefix, other, family]) => {
      const address = parseAddress(other)!;
      const network = parseNetwork(`${text}/${prefix}`);
      // An IPv4 address in IPv6 clothes is one of IPv4 here.
      fc.pre(
        network !== undefined && address.length === network.bytes.length && network.prefixBits === prefix,
      );
      const list = new BlockList();
      list.addSubnet(text, prefix, family);
      const isIn = list.check(other, family);
      expect(contains(network, address)).toBe(isIn);
      expect(networkKey(address, prefix) === networkKey(network.bytes, prefix)).toBe(isIn);
    }),
  );
});
