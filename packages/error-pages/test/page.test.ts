import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { expect, test } from 'vitest';
import { duration } from '../src/html.ts';
import { errorPage } from '../src/index.ts';
import { textOf } from '../src/statuses.ts';
import { BROWSER } from './support.ts';

const field = (headers: readonly (readonly [string, string])[], name: string): string | undefined =>
  headers.find(([given]) => given === name)?.[1];

test('a page for browsers needs nothing but itself, and lets nothing else in', () => {
  const { status, headers, body } = errorPage(404, BROWSER);
  expect(status).toBe('404 Not Found');
  expect(field(headers, 'Content-Type')).toBe('text/html; charset=utf-8');
  expect(field(headers, 'X-Content-Type-Options')).toBe('nosniff');
  expect(body).toContain('<title>404 Not Found</title>');
  expect(body).toContain('There is nothing at this address.');
  expect(body).not.toMatch(/src=|href=|url\(|<script|https?:/);
  expect(Buffer.byteLength(body)).toBeLessThan(3000);
  const style = /<style>([^]*)<\/style>/.exec(body)?.[1] as string;
  const hash = createHash('sha256').update(style).digest('base64');
  expect(field(headers, 'Content-Security-Policy')).toContain(
    `default-src 'none'; style-src 'sha256-${hash}'`,
  );
});

test('problem details for who asks for JSON (RFC 9457)', () => {
  const { headers, body } = errorPage(503, 'application/json', { requestId: 'a"b' });
  expect(field(headers, 'Content-Type')).toBe('application/problem+json');
  expect(JSON.parse(body)).toEqual({
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'We cannot answer just now.',
    request_id: 'a"b',
  });
  expect(JSON.parse(errorPage(503, 'application/json').body)).not.toHaveProperty('request_id');
});

test('text for others', () => {
  expect(errorPage(429, '*/*', { requestId: 'r-1', retryAfterSeconds: 30 }).body).toBe(
    '429 Too Many Requests\nToo many requests have come from you.\nTry again in 30 seconds.\nRequest: r-1\n',
  );
  expect(errorPage(404).body).toBe('404 Not Found\nThere is nothing at this address.\n');
});

test('the name of the request is shown, and can do no harm', () => {
  const { body } = errorPage(500, BROWSER, { requestId: '<script>alert(1)</script>&"\'' });
  expect(body).toContain('<code>&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;</code>');
  expect(errorPage(500, BROWSER).body).not.toContain('<footer>');
});

test('the time to wait takes the place of the hint', () => {
  expect(errorPage(503, BROWSER).body).toContain('Please try again in a moment.');
  const { body } = errorPage(503, BROWSER, { retryAfterSeconds: 90 });
  expect(body).toContain('Please try again in 90 seconds.');
  expect(body).not.toContain('in a moment');
});

test.each([
  [0, '0 seconds'],
  [1, '1 second'],
  [119, '119 seconds'],
  [121, '3 minutes'],
  [7200, '2 hours'],
])('%d is %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('every status that Node knows has words, by the phrase of RFC 9110', () => {
  const renamed: Record<number, string> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };
  // 418 is a joke, 509 and 510 are not in use.
  for (const code of Object.keys(STATUS_CODES).map(Number)) {
    if (code < 400 || [418, 509, 510].includes(code)) continue;
    expect(textOf(code).reason).toBe(renamed[code] ?? STATUS_CODES[code]);
    expect(textOf(code).detail).toMatch(/^[A-Z].*\.$/);
  }
});

test('is ASCII throughout: a server may write it as it writes heads', () => {
  for (const status of [400, 401, 404, 413, 429, 431, 500, 502, 503, 504, 599]) {
    for (const accept of [BROWSER, 'application/json', '*/*']) {
      expect(errorPage(status, accept).body).toMatch(/^[\n\x20-\x7e]+$/);
    }
  }
});

test('a status that is not known is one of its class; what is no error is 500', () => {
  expect(errorPage(499).status).toBe('499 Client Error');
  expect(errorPage(599).status).toBe('599 Server Error');
  for (const status of [200, 600, Number.NaN, 404.5]) expect(errorPage(status).status).toMatch(/^500 /);
});
