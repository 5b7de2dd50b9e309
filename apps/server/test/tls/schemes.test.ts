import { describe, expect, test } from 'vitest';
import { readBind, securedAt } from '../../src/tls/schemes.ts';

describe('an address of bind', () => {
  test.each([
    ['127.0.0.1:80', { target: { host: '127.0.0.1', port: 80 }, secured: null }],
    ['https://:443', { target: { host: '0.0.0.0', port: 443 }, secured: true }],
    ['http://[::1]:80', { target: { host: '::1', port: 80 }, secured: false }],
    ['unix:/run/x', { target: { path: '/run/x' }, secured: null }],
    ['https://unix:/run/x', { target: { path: '/run/x' }, secured: true }],
    ['http://fd://3', { target: { fd: 3 }, secured: false }],
  ])('%s', (text, read) => {
    expect(readBind(text)).toEqual(read);
  });

  test.each(['ftp://a:1', 'https://', 'https://a', 'https://a:1/', 'https://https://a:1'])(
    '%s is none',
    (text) => {
      expect(() => readBind(text)).toThrow('cannot read the address');
    },
  );
});

test('what a worker takes care of is spoken to as the address that it belongs to', () => {
  const one = { host: '0.0.0.0', port: 443 };
  const two = { host: '0.0.0.0', port: 80 };
  const addresses = [one, two, { ...one }, { ...two }];
  const secured = [null, false];
  expect(addresses.map((_, index) => securedAt(secured, addresses, index))).toEqual([
    null,
    false,
    null,
    false,
  ]);
});
