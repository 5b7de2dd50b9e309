import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contains, parseAddress, parseNetwork } from '../src/address.ts';

const bytes = (text: string): number[] | undefined => {
  const found = parseAddress(text);
  return found && [...found];
};

test.each([
  ['127.0.0.1', [127, 0, 0, 1]],
  ['::', Array(16).fill(0)],
  ['::1', [...Array(15).fill(0), 1]],
  ['1::', [0, 1, ...Array(14).fill(0)]],
  ['2001:db8::8:800:200c:417a', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
  ['64:ff9b::192.0.2.33', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 33]],
])('reads %s', (text, expected) => {
  expect(bytes(text)).toEqual(expected);
});

test.each(['::ffff:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:ffff:10.1.2.3'])(
  'takes %s for the IPv4 address that it stands for',
  (text) => expect(bytes(text)).toEqual([10, 1, 2, 3]),
);

test.each([
  '',
  'localhost',
  '127.1',
  '0177.0.0.1',
  '2130706433',
  '1.2.3.4.5',
  'fe80::1%eth0',
  '[::1]',
  '::1/64',
])('takes %j for no address', (text) => expect(parseAddress(text)).toBeUndefined());

test('reads every IPv6 address as URL does', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
      expect(bytes(text)).toEqual(bytes(canonical));
    }),
  );
});

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

test.each(['10.0.0.1/8', '10.0.0.0/33', '::/129', '10.0.0.0/', '::ffff:10.0.0.0/80', 'x/8'])(
  'takes %s for no network',
  (text) => expect(parseNetwork(text)).toBeUndefined(),
);
