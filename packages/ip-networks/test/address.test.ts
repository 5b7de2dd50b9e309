import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress, plainAddress } from '../src/index.ts';

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
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1'],
])('people write %s as %s', (address, plain) => expect(plainAddress(address)).toBe(plain));
