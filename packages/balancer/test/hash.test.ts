import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32, fnv1a, mix } from '../src/hash.ts';

test.each(['', 'a', '123456789', 'http://10.0.0.1:8000/x?y=z', 'käse', 'ascii and 日本語 😀'])(
  'CRC-32 of %j is what zlib says',
  (text) => {
    expect(crc32(text)).toBe(zlibCrc32(text));
  },
);

// Test vectors of draft-eastlake-fnv, appendix C.
test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('FNV-1a of %j', (text, hash) => {
  expect(fnv1a(text) >>> 0).toBe(hash);
});

test('mixing changes half of the bits when one changes', () => {
  let changed = 0;
  for (let i = 0; i < 3200; i++) {
    const difference = mix(i) ^ mix(i ^ (1 << (i % 32)));
    changed += (difference >>> 0).toString(2).replaceAll('0', '').length;
  }
  expect(Math.abs(changed / 3200 - 16)).toBeLessThan(0.4);
});
