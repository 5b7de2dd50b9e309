import { describe, expect, test } from 'vitest';
import { chooseCoding } from '../src/encoding.ts';

describe('Accept-Encoding (RFC 9110 §12.5.3)', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['zstd, gzip', 'zstd'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=0.0, br;q=0', 'identity'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['br;q=0, *', 'zstd'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0, gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip ; q=0', 'identity'],
    ['gzip;q=x', 'identity'],
    ['gzip;q=1.5', 'identity'],
    ['gzip;q=0.0001', 'identity'],
    ['zstd;q=0.8, br;q=0.8, gzip;q=0.8', 'br'],
    ['gzip;q=0.8, zstd;q=0.8', 'zstd'],
    ['gzip;q=0.001', 'gzip'],
    ['identity;q=0.1, *;q=0', 'identity'],
    ['deflate', 'identity'],
  ])('%s gets %s', (accept, expected) => {
    expect(chooseCoding(accept, ['br', 'zstd', 'gzip'])).toBe(expected);
  });
});
