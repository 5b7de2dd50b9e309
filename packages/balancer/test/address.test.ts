import { expect, test } from 'vitest';
import { parseAddress } from '../src/address.ts';

test.each([
  ['192.0.2.1', [192, 0, 2, 1]],
  ['::', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['2001:db8::ff00:42', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42]],
  ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
  ['::ffff:192.0.2.1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]],
])('%s is an address', (text, bytes) => {
  expect([...(parseAddress(text) ?? [])]).toEqual(bytes);
});

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.x',
  'unix:',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
])('%j is none', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8:9',
  '12345::',
  'g::',
  '1.2.3.4::',
  '1:2:3:4:5:6:7:1.2.3.4',
])('%j is none either', (text) => {
  expect(parseAddress(text)).toBeUndefined();
});
