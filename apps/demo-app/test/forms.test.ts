import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { checkOrigin, lineOf, textOf } from '../src/forms.ts';
import type { HttpError } from '../src/http.ts';

/** The status of the refusal, or undefined. */
function refusal(environ: Partial<Environ>): string | undefined {
  try {
    checkOrigin({ HTTP_HOST: 'blog.example:8000', ...environ } as Environ);
    return undefined;
  } catch (error) {
    return (error as HttpError).status;
  }
}

test.each([
  ['of the site itself', { HTTP_SEC_FETCH_SITE: 'same-origin', HTTP_ORIGIN: 'http://blog.example:8000' }],
  [
    'behind a proxy that changes the host',
    { HTTP_SEC_FETCH_SITE: 'same-origin', HTTP_ORIGIN: 'https://b.example' },
  ],
  ['that a user asked for directly', { HTTP_SEC_FETCH_SITE: 'none' }],
  ['of an older browser', { HTTP_ORIGIN: 'http://blog.example:8000' }],
  ['where something in front ends TLS', { HTTP_ORIGIN: 'https://BLOG.example:8000' }],
  ['of a program that is no browser', {}],
])('a form %s is taken', (_, environ) => {
  expect(refusal(environ)).toBeUndefined();
});

test.each([
  ['of another site', { HTTP_SEC_FETCH_SITE: 'cross-site' }],
  ['of a sibling of the site', { HTTP_SEC_FETCH_SITE: 'same-site', HTTP_ORIGIN: 'http://blog.example:8000' }],
  ['of another site in an older browser', { HTTP_ORIGIN: 'https://evil.example' }],
  ['of another port in an older browser', { HTTP_ORIGIN: 'http://blog.example:8001' }],
  ['of a sandboxed frame', { HTTP_ORIGIN: 'null' }],
])('a form %s is refused', (_, environ) => {
  expect(refusal(environ)).toBe('403 Forbidden');
});

test('a line has no breaks and no control characters, a text has breaks of one kind', () => {
  const form = new URLSearchParams({ field: ' a\r\nb\0\tc\rd ' });
  expect(lineOf(form, 'field')).toBe('a b c d');
  expect(textOf(form, 'field')).toBe('a\nb\tc\nd');
  expect(lineOf(form, 'none')).toBe('');
});
