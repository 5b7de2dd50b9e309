import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { cgiVariables } from '../src/cgi-variables.ts';
import type { OutgoingRequest } from '../src/outgoing-request.ts';
import { SentFields } from '../src/sent-fields.ts';

const environ = {
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_NAME: 'site.example',
  SERVER_PORT: '443',
  REMOTE_ADDR: '203.0.113.7',
  REMOTE_PORT: '4711',
  'wsgi.url_scheme': 'https',
} as unknown as Environ;

function variables(
  { fields = [], ...request }: Partial<Omit<OutgoingRequest, 'fields'>> & { fields?: string[] },
  options: Partial<Parameters<typeof cgiVariables>[1]> = {},
): Record<string, string> {
  const flat = cgiVariables(
    {
      environ,
      method: 'GET',
      target: '/',
      fields: new SentFields(fields.slice(0, 2)),
      ownFields: fields.slice(2),
      contentLength: undefined,
      ...request,
    } as OutgoingRequest,
    { documentRoot: undefined, scriptFilename: undefined, params: {}, ...options },
  );
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] as string]] : [])));
}

test('are those of nginx’s uwsgi_params and fastcgi_params', () => {
  const fields = [
    'Host',
    'site.example',
    'Content-Type',
    'a/b',
    'X-Ray',
    '1',
    'Proxy',
    'http://evil.example',
  ];
  expect(variables({ method: 'POST', target: '/a%2Fb?c=%20', fields, contentLength: 5 })).toEqual({
    QUERY_STRING: 'c=%20',
    REQUEST_METHOD: 'POST',
    CONTENT_TYPE: 'a/b',
    CONTENT_LENGTH: '5',
    REQUEST_URI: '/a%2Fb?c=%20',
    DOCUMENT_URI: '/a/b',
    SCRIPT_NAME: '',
    PATH_INFO: '/a/b',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REQUEST_SCHEME: 'https',
    HTTPS: 'on',
    GATEWAY_INTERFACE: 'CGI/1.1',
    REMOTE_ADDR: '203.0.113.7',
    REMOTE_PORT: '4711',
    SERVER_NAME: 'site.example',
    SERVER_PORT: '443',
    REDIRECT_STATUS: '200',
    HTTP_HOST: 'site.example',
    HTTP_X_RAY: '1',
  });
});

describe('the script', () => {
  const root = '/srv/app';
  test.each([
    ['/blog/index.php/2026?x', { documentRoot: root }, ['/blog/index.php', '/2026', '/srv/app/blog/index.php']],
    ['/a.php', { documentRoot: root }, ['/a.php', '', '/srv/app/a.php']],
    ['/%2e%2e/etc/a.php', { documentRoot: root }, ['/', '', '/srv/app/']],
    ['/a/..%2f..%2fb.php', { documentRoot: root }, ['/', '', '/srv/app/']],
    ['/any/path', { documentRoot: root, scriptFilename: '/srv/app/index.php' }, ['/index.php', '/any/path', '/srv/app/index.php']],
    ['/any', { scriptFilename: '/srv/one.php' }, ['', '/any', '/srv/one.php']],
    ['/any', {}, ['', '/any', undefined]],
  ])('of %s with %j', (target, options, [name, info, filename]) => {
    const { SCRIPT_NAME, PATH_INFO, SCRIPT_FILENAME } = variables({ target }, options);
    expect([SCRIPT_NAME, PATH_INFO, SCRIPT_FILENAME]).toEqual([name, info, filename]);
  }); // prettier-ignore
});

test('more can be set', () => {
  expect(variables({}, { params: { APP_ENV: 'production' } })['APP_ENV']).toBe('production');
});
