import type { Environ, HttpScope } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { httpScope } from '../src/scope.ts';
import { gate, request, respond, serveAsgi } from './support.ts';

const ENVIRON = {
  REQUEST_METHOD: 'GET',
  SCRIPT_NAME: '/app',
  PATH_INFO: '/caf\xc3\xa9',
  QUERY_STRING: 'a=%20b',
  SERVER_NAME: 'example.org',
  SERVER_PORT: '8000',
  SERVER_PROTOCOL: 'HTTP/1.1',
  'wsgi.url_scheme': 'https',
} as unknown as Environ;

describe('the scope of a request', () => {
  test('tells what the client has sent', async () => {
    const scope = gate<HttpScope>();
    await using server = await serveAsgi(async (asked, _receive, send) => {
      scope.open(asked as HttpScope);
      await respond(send, 'x');
    });
    await server.exchange(
      request('POST', '/caf%C3%A9/?a=%20b', ['X-Two: 1', 'x-two: 2', 'Cookie: a=1'], 'hi'),
    );
    expect(await scope.promise).toEqual({
      type: 'http',
      asgi: { version: '3.0', spec_version: '2.5' },
      http_version: '1.1',
      method: 'POST',
      scheme: 'http',
      path: '/café/',
      raw_path: '/caf%C3%A9/',
      query_string: 'a=%20b',
      root_path: '',
      headers: [
        ['host', 'example.org'],
        ['connection', 'close'],
        ['x-two', '1,2'],
        ['cookie', 'a=1'],
        ['content-length', '2'],
      ],
      client: ['127.0.0.1', expect.any(Number) as number],
      server: ['example.org', 80],
      extensions: { 'http.response.trailers': {}, 'http.response.early_hint': {} },
    });
  });

  test('has the path in full, with the mount point', () => {
    expect(httpScope(ENVIRON, undefined)).toMatchObject({
      path: '/app/café',
      root_path: '/app',
      raw_path: '/app/caf%C3%A9',
      client: null,
      server: ['example.org', 8000],
      scheme: 'https',
      extensions: {},
    });
  });

  test.each([
    ['/a%2Fb?x', '/a%2Fb'],
    ['http://example.org/a%2Fb?x', '/a%2Fb'],
    ['http://example.org', '/'],
    ['*', '*'],
  ])('of the target %s has the raw path %s', (target, rawPath) => {
    expect(httpScope({ ...ENVIRON, RAW_URI: target }, undefined).raw_path).toBe(rawPath);
  });

  test('of a path that is no UTF-8 says so, and keeps the bytes', () => {
    const scope = httpScope({ ...ENVIRON, SCRIPT_NAME: '', PATH_INFO: '/\xff', RAW_URI: '/%ff' }, undefined);
    expect(scope).toMatchObject({ path: '/\ufffd', raw_path: '/%ff' });
  });

  test('follows a middleware that changes fields', () => {
    const environ: Environ = { ...ENVIRON, HTTP_X_USER: 'ann', HTTP_X_GONE: undefined };
    expect(httpScope(environ, undefined).headers).toEqual([['x-user', 'ann']]);
  });

  test('has a copy of the state', () => {
    const state = { count: 1 };
    const scope = httpScope(ENVIRON, state);
    expect(scope.state).toEqual(state);
    expect(scope.state).not.toBe(state);
    expect(httpScope(ENVIRON, undefined)).not.toHaveProperty('state');
  });
});
