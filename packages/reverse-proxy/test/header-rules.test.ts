import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { applyToPairs, compileRules, eachAdded } from '../src/header-rules.ts';

const environ = {
  REMOTE_ADDR: '203.0.113.7',
  REQUEST_METHOD: 'GET',
  HTTP_HOST: 'site.example',
  SCRIPT_NAME: '',
  PATH_INFO: '/a b',
  RAW_URI: '/a%20b?c',
  QUERY_STRING: 'c',
  'wsgi.url_scheme': 'https',
  HTTP_X_RAY: 'a\r\nb',
} as unknown as Environ;
const context = { environ, requestId: 'r1', upstream: 'http://a:1' };

test('sets, adds and removes', () => {
  const rules = compileRules({ set: { 'X-A': '1' }, add: { 'X-B': '2' }, remove: ['x-c'] });
  const fields: [string, string][] = [['x-a', '0'], ['X-A', '0'], ['X-B', '0'], ['X-C', '0']]; // prettier-ignore
  expect(applyToPairs(rules, fields, context)).toEqual([['X-B', '0'], ['X-A', '1'], ['X-B', '2']]); // prettier-ignore
});

describe('values', () => {
  test.each([
    ['{remote_addr}/{method}', '203.0.113.7/GET'],
    ['{scheme}://{host}{uri}', 'https://site.example/a%20b?c'],
    ['{path}|{query}', '/a%20b|c'],
    ['{request_id} {upstream}', 'r1 http://a:1'],
    ['{http_x_ray}', 'ab'],
  ])('%s is %s', (template, value) => {
    const seen: string[] = [];
    eachAdded(compileRules({ set: { 'X-A': template } }), context, (_, text) => seen.push(text));
    expect(seen).toEqual([value]);
  });

  test('that are empty send nothing', () => {
    expect(applyToPairs(compileRules({ set: { 'X-A': '{http_x_none}' } }), [['X-A', '0']], context)).toEqual(
      [],
    );
  });
});

test.each([
  [{ set: { 'X-A': '{nothing}' } }, '{nothing} is not known; there are remote_addr'],
  [{ set: { 'X-A': '{constructor}' } }, '{constructor} is not known'],
  [{ set: { 'X A': '' } }, "'X A' is no name"],
  [{ add: { 'Content-Length': '0' } }, 'Content-Length is the proxy'],
  [{ remove: ['Transfer-Encoding'] }, 'Transfer-Encoding is the proxy'],
  [{ set: { 'X-A': 'a\r\nb' } }, 'cannot be sent'],
])('%j is refused', (rules, message) => {
  expect(() => compileRules(rules as Parameters<typeof compileRules>[0])).toThrow(message);
});
