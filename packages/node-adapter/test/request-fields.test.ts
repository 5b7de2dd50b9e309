import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { requestLines } from '../src/request-fields.ts';

const lines = (environ: object): string[] => requestLines(environ as Environ);

test('fields have their usual names again, and nothing else is a field', () => {
  const environ = {
    REQUEST_METHOD: 'GET',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '3',
    HTTP_IF_NONE_MATCH: '"x"',
    HTTP_: 'no name',
    HTTPS: 'on',
    'wsgi.version': [1, 0],
    HTTP_COOKIE: 'a=1; b=2',
  };
  expect(lines(environ)).toEqual([
    'Content-Type',
    'text/plain',
    'Content-Length',
    '3',
    'If-None-Match',
    '"x"',
    'Cookie',
    'a=1; b=2', // prettier-ignore
  ]);
});

test('what a middleware took away is away', () => {
  expect(lines({ HTTP_AUTHORIZATION: undefined, HTTP_X: '1' })).toEqual(['X', '1']);
});

test('any number of names is understood, however many are remembered', () => {
  for (let i = 0; i < 5000; i++) expect(lines({ [`HTTP_X_${i}`]: 'v' })).toEqual([`X-${i}`, 'v']);
});
