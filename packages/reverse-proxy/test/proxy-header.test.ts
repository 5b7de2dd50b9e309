import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { proxyHeader } from '../src/proxy-header.ts';

const environ = (address: string, server = 'site.example'): Environ =>
  ({ REMOTE_ADDR: address, REMOTE_PORT: '4711', SERVER_NAME: server, SERVER_PORT: '443' }) as Environ;
const SIGNATURE = '0d0a0d0a000d0a515549540a';

describe('a PROXY header', () => {
  test.each([
    [environ('203.0.113.7', '198.51.100.1'), 'PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n'],
    [environ('203.0.113.7'), 'PROXY TCP4 203.0.113.7 0.0.0.0 4711 443\r\n'],
    [environ('2001:db8::7', '198.51.100.1'), 'PROXY TCP6 2001:db8::7 :: 4711 443\r\n'],
    [environ(''), 'PROXY UNKNOWN\r\n'],
  ])('of version 1: %j', (given, expected) => {
    expect(Buffer.from(proxyHeader(given, 1)).toString()).toBe(expected);
  });

  test.each([
    [environ('203.0.113.7', '198.51.100.1'), '2111000ccb007107c6336401126701bb'],
    [environ('2001:db8::7'), `21210024${'20010db8000000000000000000000007'}${'0'.repeat(32)}126701bb`],
    [environ('::ffff:1.2.3.4'), `21210024${'00000000000000000000ffff01020304'}${'0'.repeat(32)}126701bb`],
    [environ(''), '20000000'],
  ])('of version 2: %j', (given, expected) => {
    expect(Buffer.from(proxyHeader(given, 2)).toString('hex')).toBe(SIGNATURE + expected);
  });
});
