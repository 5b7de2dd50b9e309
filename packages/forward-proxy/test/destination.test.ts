import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { isProxyRequest, readDestination } from '../src/destination.ts';

const environ = (method: string, target: string): Environ =>
  ({ REQUEST_METHOD: method, RAW_URI: target }) as unknown as Environ;
const read = (method: string, target: string): object => readDestination(environ(method, target));

test.each([
  ['GET', '/path', false],
  ['OPTIONS', '*', false],
  ['GET', '//host/path', false],
  ['GET', 'http://host/', true],
  ['GET', 'ftp://host/', true],
  ['CONNECT', 'host:443', true],
])('%s %s is for a proxy: %s', (method, target, expected) => {
  expect(isProxyRequest(environ(method, target))).toBe(expected);
});

test.each([
  ['http://Example.COM', 'example.com', 80, 'example.com', '/'],
  ['HTTP://example.com:80/a?b=c', 'example.com', 80, 'example.com', '/a?b=c'],
  ['http://example.com.:8080/%2F/../x', 'example.com', 8080, 'example.com:8080', '/%2F/../x'],
  ['http://example.com?q', 'example.com', 80, 'example.com', '/?q'],
  ['http://[2001:DB8::1]:81/', '2001:db8::1', 81, '[2001:db8::1]:81', '/'],
  ['http://192.0.2.1/', '192.0.2.1', 80, '192.0.2.1', '/'],
])('reads GET %s', (target, host, port, authority, origin) => {
  expect(read('GET', target)).toEqual({ form: 'absolute', host, port, authority, target: origin });
});

test('asks an origin for itself by OPTIONS without a path (RFC 9112 §3.2.4)', () => {
  expect(read('OPTIONS', 'http://example.com')).toMatchObject({ target: '*' });
  expect(read('OPTIONS', 'http://example.com/')).toMatchObject({ target: '/' });
});

test('reads CONNECT, whose port is always written', () => {
  expect(read('CONNECT', 'Example.com:443')).toMatchObject({
    form: 'connect',
    host: 'example.com',
    port: 443,
  });
  expect(read('CONNECT', '[::1]:8443')).toMatchObject({ host: '::1', port: 8443 });
  expect(() => read('CONNECT', 'example.com')).toThrow(expect.objectContaining({ code: 'BAD_TARGET' }));
});

describe('hosts that could be read in two ways', () => {
  test.each([
    '2130706433', '0x7f000001', '0x7f.1', '127.1', '0177.0.0.1', '127.0.0.0x1', '1.2.3.4.5', '256.1.1.1', '0x', '127.0.0.1.1',
    'user@host', 'user:pass@host', 'a b', 'a%2eb', 'a_%62', '[::1', '[::1%25lo]', '[1.2.3.4]', 'ho\\st', '', '.', '..', 'a..b', '-a',
    'ⓛocalhost', `${'a'.repeat(64)}.com`, `${'a.'.repeat(127)}com`,
  ])('%j is refused', (host) => {
    for (const [method, target] of [['GET', `http://${host}/`], ['CONNECT', `${host}:443`]] as const) {
      expect(() => read(method, target)).toThrow(expect.objectContaining({ code: 'BAD_TARGET' }));
    }
  }); // prettier-ignore
});

test.each([
  'http://host:0/',
  'http://host:65536/',
  'http://host:/',
  'http://host:8 0/',
  'http:///path',
  'http://host/#f',
])('%s is refused', (target) =>
  expect(() => read('GET', target)).toThrow(expect.objectContaining({ code: 'BAD_TARGET' })),
);

test.each(['https://host/', 'ftp://host/', 'file:///etc/passwd', 'http:host', 'gopher://host:80/'])(
  'only http is forwarded, not %s',
  (target) =>
    expect(() => read('GET', target)).toThrow(expect.objectContaining({ code: 'SCHEME_NOT_SUPPORTED' })),
);
