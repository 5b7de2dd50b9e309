import { expect, test } from 'vitest';
import { compileKey } from '../src/key.ts';
import { environOf } from './support.ts';

test('an address is one IPv4 address, or one /64', () => {
  const keyOf = compileKey();
  expect(keyOf(environOf())).toBe('203.0.113.1');
  expect(keyOf(environOf({ REMOTE_ADDR: '2001:db8::1' }))).toBe(
    keyOf(environOf({ REMOTE_ADDR: '2001:db8::2' })),
  );
});

test('prefixes can be chosen', () => {
  expect(compileKey({ ipv4Prefix: 24 })(environOf())).toBe('203.0.113.0/24');
});

test('without an address all are one', () => {
  expect(compileKey('address')(environOf({ REMOTE_ADDR: '' }))).toBe('unix:');
});

test('a field is a key; without it, the address is, so that leaving it out avoids nothing', () => {
  const keyOf = compileKey({ header: 'X-Api-Key' });
  expect(keyOf(environOf({ HTTP_X_API_KEY: 'secret' }))).toBe('HTTP_X_API_KEY=secret');
  expect(keyOf(environOf())).toBe('203.0.113.1');
  expect(keyOf(environOf({ HTTP_X_API_KEY: '' }))).toBe('203.0.113.1');
});

test('a long value is small in memory, and still itself', () => {
  const keyOf = compileKey({ header: 'X-Api-Key', maxLength: 10 });
  const [a, b] = ['a', 'b'].map((end) => keyOf(environOf({ HTTP_X_API_KEY: 'x'.repeat(8000) + end })));
  expect(a).not.toBe(b);
  expect(a?.length).toBeLessThan(80);
});

test('a function may say that the limit is for others', () => {
  const keyOf = compileKey(({ PATH_INFO }) => (PATH_INFO === '/' ? undefined : PATH_INFO.repeat(200)));
  expect(keyOf(environOf())).toBeUndefined();
  expect(keyOf(environOf({ PATH_INFO: '/a/' }))?.length).toBeLessThan(80);
});

test.each([{ header: 'X Y' }, { header: 'X', maxLength: 0 }, { ipv4Prefix: 33 }, { ipv6Prefix: -1 }])(
  '%o makes no sense',
  (key) => {
    expect(() => compileKey(key)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  },
);
