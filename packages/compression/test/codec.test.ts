import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createCodec, gzipWindowBits } from '../src/codec.ts';

describe('the window of a gzip body', () => {
  test.each([
    [0, 9],
    [250, 9],
    [251, 10],
    [1024, 11],
    [16_122, 14],
    [16_123, 15],
    [1_000_000, 15],
  ])('of %i bytes has 2^%i of them', (bytes, bits) => {
    expect(gzipWindowBits(bytes)).toBe(bits);
  });

  test.each([100, 250, 251, 1000, 1786, 1787, 16_122, 16_123])(
    'reaches over all %i of them: nothing gets larger by it',
    (bytes) => {
      // What is the same at both ends is only found by looking back over all that is between.
      const noise = Array.from({ length: bytes - 80 }, (_, i) => (i * i * 7919) % 251);
      const body = Buffer.from([...noise.slice(0, 40), ...noise, ...noise.slice(0, 40)]);
      const encoded = createCodec('gzip', 5).encode(body);
      expect(gunzipSync(encoded).equals(body)).toBe(true);
      expect(encoded.length).toBe(gzipSync(body, { level: 5 }).length);
    },
  );
});
