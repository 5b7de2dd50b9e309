import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { requestUrl } from '../src/request-url.ts';

function url(parts: Partial<Environ>): [string, string] {
  const environ = { SCRIPT_NAME: '', PATH_INFO: '/', QUERY_STRING: '', ...parts } as Environ;
  const { url, originalUrl } = requestUrl(environ);
  return [url, originalUrl];
}

test.each([
  ['without a mount it is the target', { RAW_URI: '/a%2Fb?c=%20' }, '/a%2Fb?c=%20', '/a%2Fb?c=%20'],
  ['of OPTIONS * too', { RAW_URI: '*', PATH_INFO: '' }, '*', '*'],
  [
    'below a mount it is the rest',
    { RAW_URI: '/m/a?b', SCRIPT_NAME: '/m', PATH_INFO: '/a' },
    '/a?b',
    '/m/a?b',
  ],
  ['at a mount it is the root', { RAW_URI: '/m?b', SCRIPT_NAME: '/m', PATH_INFO: '' }, '/?b', '/m?b'],
  [
    'a mount that is written in another way is encoded anew',
    { RAW_URI: '/%6D/%C3%BC?b', SCRIPT_NAME: '/m', PATH_INFO: '/\u00c3\u00bc', QUERY_STRING: 'b' },
    '/%C3%BC?b',
    '/%6D/%C3%BC?b',
  ],
  [
    'a mount must end where the rest begins',
    { RAW_URI: '/mine/a', SCRIPT_NAME: '/m', PATH_INFO: '/x' },
    '/x',
    '/mine/a',
  ],
  [
    'without a target it is made of the path',
    { SCRIPT_NAME: '/m', PATH_INFO: '/a b?c', QUERY_STRING: 'q=1' },
    '/a%20b%3Fc?q=1',
    '/m/a%20b%3Fc?q=1',
  ],
  ['and never empty', { PATH_INFO: '' }, '/', '/'],
])('%s', (_name, parts, expected, original) => {
  expect(url(parts)).toEqual([expected, original]);
});
