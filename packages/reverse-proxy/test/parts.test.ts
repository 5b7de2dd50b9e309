import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../src/errors.ts';
import { parseUpstream } from '../src/index.ts';
import { decideRetry, RetryBudget } from '../src/retry.ts';
import { requestTarget } from '../src/target.ts';

describe('parseUpstream', () => {
  test.each([
    ['http://a:81', { protocol: 'http', tls: false, host: 'a', port: 81 }],
    ['http://a', { protocol: 'http', tls: false, host: 'a', port: 80 }],
    ['http://a/', { protocol: 'http', tls: false, host: 'a', port: 80 }],
    ['http://[::1]:81', { protocol: 'http', tls: false, host: '::1', port: 81 }],
    ['https://a', { protocol: 'http', tls: true, host: 'a', port: 443 }],
    ['uwsgi://a:1', { protocol: 'uwsgi', tls: false, host: 'a', port: 1 }],
    ['fastcgi://a:9000', { protocol: 'fastcgi', tls: false, host: 'a', port: 9000 }],
    ['scgi://a:4000', { protocol: 'scgi', tls: false, host: 'a', port: 4000 }],
    ['uwsgi+unix:/run/a.sock', { protocol: 'uwsgi', tls: false, path: '/run/a.sock' }],
    ['fastcgi+unix:///run/a.sock', { protocol: 'fastcgi', tls: false, path: '/run/a.sock' }],
    ['h2c://a', { protocol: 'h2', tls: false, host: 'a', port: 80 }],
    ['grpc://[::1]:50051', { protocol: 'h2', tls: false, host: '::1', port: 50051 }],
    ['h2://a', { protocol: 'h2', tls: true, host: 'a', port: 443 }],
    ['grpcs://a:8443/', { protocol: 'h2', tls: true, host: 'a', port: 8443 }],
    ['grpc+unix:/run/a.sock', { protocol: 'h2', tls: false, path: '/run/a.sock' }],
    ['unix:/run/a.sock', { protocol: 'http', tls: false, path: '/run/a.sock' }],
  ])('%s', (text, target) => {
    expect(parseUpstream(text)).toEqual(target);
  });

  test.each([
    '',
    'a:80',
    'ftp://a',
    'http://',
    'http://a/path',
    'http://a?b',
    'http://u@a',
    'unix:',
    'unix:run/a',
    'uwsgi://a',
    'fastcgi://a',
    'https+unix:/a',
    'h2+unix:/a',
    'h2c://a/path',
    'h3://a',
    'scgi+unix:a',
  ])('%j is refused by name', (text) => {
    expect(() => parseUpstream(text)).toThrow(
      expect.objectContaining({
        code: 'BAD_UPSTREAM',
        message: expect.stringContaining(`'${text}'`) as string,
      }) as Error,
    );
  });
});

describe('the target', () => {
  const target = (parts: Partial<Environ>): string =>
    requestTarget({ SCRIPT_NAME: '', PATH_INFO: '', QUERY_STRING: '', ...parts } as Environ);

  test.each([
    [{ RAW_URI: '/a%2fb?c', PATH_INFO: '/a/b', QUERY_STRING: 'c' }, '/a%2fb?c'],
    [{ RAW_URI: '/app/a', SCRIPT_NAME: '/app', PATH_INFO: '/a' }, '/app/a'],
    [{ RAW_URI: '/old', PATH_INFO: '/new' }, '/new'],
    [{ RAW_URI: '/a?old', PATH_INFO: '/a', QUERY_STRING: 'new' }, '/a?new'],
    [{ PATH_INFO: '/caf\xc3\xa9 %?#' }, '/caf%C3%A9%20%25%3F%23'],
    [{ RAW_URI: 'http://a/x?y', PATH_INFO: '/x', QUERY_STRING: 'y' }, '/x?y'],
    [{ RAW_URI: '*', PATH_INFO: '' }, '*'],
    [{ PATH_INFO: '' }, '/'],
    [{ PATH_INFO: '/a\r\nX: 1' }, '/a%0D%0AX:%201'],
  ])('of %j is %s', (parts, expected) => {
    expect(target(parts)).toBe(expected);
  });
});

describe('retries', () => {
  const error = (code: 'CONNECT_FAILED' | 'RESET' | 'TIMEOUT' | 'BAD_RESPONSE', state = {}): UpstreamError =>
    Object.assign(new UpstreamError(code, ''), state);
  const once = { replayable: false, started: false };
  const GET = { method: 'GET', body: undefined };
  const POST = { method: 'POST', body: once };

  test.each([
    [error('CONNECT_FAILED'), POST, 'next-peer'],
    [error('RESET', { reused: true }), GET, 'fresh-connection'],
    [error('RESET', { reused: true }), POST, 'give-up'],
    [error('RESET', { reused: true }), { method: 'POST', body: undefined }, 'give-up'],
    [error('RESET', { reused: true }), { method: 'PUT', body: once }, 'give-up'],
    [
      error('RESET', { reused: true }),
      { method: 'PUT', body: { replayable: true, started: true } },
      'fresh-connection',
    ],
    [error('CONNECT_FAILED'), { method: 'PUT', body: { replayable: false, started: true } }, 'give-up'],
    [error('RESET'), GET, 'next-peer'],
    [error('RESET', { answered: true }), GET, 'give-up'],
    [error('TIMEOUT'), GET, 'give-up'],
    [error('BAD_RESPONSE'), GET, 'give-up'],
  ])('after %j of %j: %s', (failure, request, decision) => {
    expect(decideRetry(failure, request)).toBe(decision);
  });
});

describe('the retry budget', () => {
  test('is a fifth of the requests of ten seconds, and three at least', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    const takeAll = (): number => {
      let taken = 0;
      while (budget.take()) taken++;
      return taken;
    };
    expect(takeAll()).toBe(3);
    for (let i = 0; i < 50; i++) budget.countRequest();
    expect(takeAll()).toBe(7);
    budget.giveBack();
    expect(takeAll()).toBe(1);
    now = 10_001;
    budget.countRequest();
    expect(takeAll()).toBe(3);
  });
});
