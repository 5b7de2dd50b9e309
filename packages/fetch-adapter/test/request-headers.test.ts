import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { hasBody, requestFields } from '../src/request-headers.ts';

test('fields have their names back, and only fields are there', () => {
  const environ = {
    HTTP_IF_NONE_MATCH: '"x"',
    HTTP_HOST: 'h',
    HTTP_X: undefined,
    CONTENT_TYPE: 'a/b',
    CONTENT_LENGTH: '0',
    HTTPS: 'on',
    PATH_INFO: '/',
  } as unknown as Environ;
  expect(requestFields(environ)).toEqual([
    ['if-none-match', '"x"'],
    ['host', 'h'],
    ['content-type', 'a/b'],
    ['content-length', '0'],
  ]);
  expect(requestFields({ CONTENT_TYPE: '', CONTENT_LENGTH: '' } as unknown as Environ)).toEqual([]);
});

test('more names than are remembered stay right', () => {
  for (let i = 0; i < 5000; i++) {
    expect(requestFields({ [`HTTP_X_${i}`]: 'v' } as unknown as Environ)).toEqual([[`x-${i}`, 'v']]);
  }
});

test.each([
  ['POST', { CONTENT_LENGTH: '1' }, true],
  ['POST', { CONTENT_LENGTH: '0' }, false],
  ['POST', { CONTENT_LENGTH: '' }, false],
  ['POST', {}, false],
  ['DELETE', { HTTP_TRANSFER_ENCODING: 'chunked' }, true],
  ['GET', { CONTENT_LENGTH: '1' }, false],
  ['HEAD', { HTTP_TRANSFER_ENCODING: 'chunked' }, false],
])('%s with %j has a body: %s', (method, keys, expected) => {
  expect(hasBody({ REQUEST_METHOD: method, ...keys } as unknown as Environ)).toBe(expected);
});
