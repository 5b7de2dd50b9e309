import { expect, test } from 'vitest';
import { isOriginAllowed } from '../src/origin.ts';
import { resolveOptions } from '../src/options.ts';

const NONE: ReadonlySet<string> = new Set();

test.each<[origin: string | undefined, host: string | undefined, scheme: 'http' | 'https', allowed: boolean]>(
  [
    [undefined, 'example.org', 'http', true],
    ['http://example.org', 'example.org', 'http', true],
    ['http://EXAMPLE.org', 'example.ORG', 'http', true],
    ['http://example.org', 'example.org:80', 'http', true],
    ['https://example.org', 'example.org:443', 'https', true],
    ['http://example.org:8080', 'example.org:8080', 'http', true],
    ['http://[::1]:8080', '[::1]:8080', 'http', true],
    // TLS that ends at a proxy which does not tell.
    ['https://example.org', 'example.org', 'http', true],
    // A page that anybody on the way could have changed.
    ['http://example.org', 'example.org', 'https', false],
    ['http://evil.example', 'example.org', 'http', false],
    ['http://example.org.evil.example', 'example.org', 'http', false],
    ['http://sub.example.org', 'example.org', 'http', false],
    ['http://example.org:8080', 'example.org', 'http', false],
    ['http://example.org', 'example.org:8080', 'http', false],
    ['http://example.org/', 'example.org', 'http', false],
    ['http://evil.example@example.org', 'example.org', 'http', false],
    ['http://example.org', 'evil.example@example.org', 'http', false],
    ['http://example.org', 'example.org/evil', 'http', false],
    ['http://example.org', undefined, 'http', false],
    ['null', 'example.org', 'http', false],
    ['', 'example.org', 'http', false],
    ['file://', 'example.org', 'http', false],
    ['chrome-extension://example.org', 'example.org', 'http', false],
    ['http://example.org, http://evil.example', 'example.org', 'http', false],
  ],
)('a page of %s at host %s over %s: %s', (origin, host, scheme, allowed) => {
  expect(isOriginAllowed(origin, host, scheme, NONE)).toBe(allowed);
});

test('an origin of the list may, also over https, and no other', () => {
  const { allowedOrigins } = resolveOptions({ allowedOrigins: ['https://app.example.org'] });
  expect(isOriginAllowed('https://app.example.org', 'api.example.org', 'https', allowedOrigins)).toBe(true);
  expect(isOriginAllowed('http://app.example.org', 'api.example.org', 'https', allowedOrigins)).toBe(false);
  expect(isOriginAllowed('https://api.example.org', 'api.example.org', 'https', allowedOrigins)).toBe(true);
});

test('a star lets all of them', () => {
  expect(isOriginAllowed('null', 'example.org', 'http', '*')).toBe(true);
});
