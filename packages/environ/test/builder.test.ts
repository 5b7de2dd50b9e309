import type { Environ, ErrorStream, InputStream } from '@highball/gateway-protocol';
import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  type ConnectionFacts,
  createEnvironBuilder,
  EnvironError,
  type EnvironHead,
  type EnvironOptions,
} from '../src/index.ts';

const input = {} as InputStream;
const errors = {} as ErrorStream;
const connection: ConnectionFacts = {
  remoteAddress: '192.0.2.7',
  remotePort: 4711,
  localAddress: '192.0.2.1',
  localPort: 8000,
  encrypted: false,
  unix: false,
};

interface Case {
  target?: string;
  method?: string;
  minorVersion?: number;
  fields?: Record<string, string> | [string, string][];
  host?: string | undefined;
  from?: Partial<ConnectionFacts>;
  options?: EnvironOptions;
}

function build({
  target = '/',
  method = 'GET',
  minorVersion = 1,
  fields = {},
  from = {},
  options = {},
  ...rest
}: Case): Environ {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  const host = 'host' in rest ? rest.host : 'example.org';
  const all = [...(host === undefined ? [] : [['Host', host]]), ...pairs];
  const head: EnvironHead = { method, target, minorVersion, fields: all.flat(), host };
  return createEnvironBuilder(options)(head, { ...connection, ...from }, input, errors);
}

/** The code of the error with which a request is refused. */
function refusal(parts: Case): string {
  try {
    build(parts);
  } catch (error) {
    if (error instanceof EnvironError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'accepted';
}

test('a request has the keys of PEP 3333', () => {
  expect(
    build({
      target: '/caf%C3%A9/a?b=%20c',
      method: 'POST',
      fields: { 'Content-Type': 'text/plain', 'Content-Length': '5', 'X-Ray': '1' },
    }),
  ).toEqual({
    REQUEST_METHOD: 'POST',
    SCRIPT_NAME: '',
    PATH_INFO: '/caf\xc3\xa9/a',
    QUERY_STRING: 'b=%20c',
    CONTENT_TYPE: 'text/plain',
    CONTENT_LENGTH: '5',
    SERVER_NAME: 'example.org',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    REMOTE_ADDR: '192.0.2.7',
    REMOTE_PORT: '4711',
    RAW_URI: '/caf%C3%A9/a?b=%20c',
    HTTP_HOST: 'example.org',
    HTTP_X_RAY: '1',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': input,
    'wsgi.errors': errors,
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.input_terminated': true,
  });
});

describe('the address', () => {
  test.each([
    ['/', '/', ''],
    ['/a?', '/a', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['/a%2Fb', '/a/b', ''],
    ['/%e4', '/\xe4', ''],
    ['/a+b', '/a+b', ''],
    ['/%25', '/%', ''],
    ['//a', '//a', ''],
    ['http://b/x?y', '/x', 'y'],
    ['http://b', '/', ''],
    ['http://b?y', '/', 'y'],
    ['*', '', ''],
    ['b:443', '', ''],
  ])('%s has the path %j and the query %j', (target, path, query) => {
    expect(build({ target })).toMatchObject({ PATH_INFO: path, QUERY_STRING: query, RAW_URI: target });
  });

  test.each(['/%', '/%4', '/%zz', '/%%41', '/a%0', '/%00', '/a%u0041'])('%s is refused', (target) => {
    expect(refusal({ target })).toBe('400 BAD_PATH');
  });

  test('escapes in the query are the application’s affair', () => {
    expect(build({ target: '/?%zz' }).QUERY_STRING).toBe('%zz');
  });
});

describe('rootPath', () => {
  test.each([
    ['/app', '/app', ''],
    ['/app/', '/app', '/'],
    ['/app/x', '/app', '/x'],
    ['/%61pp/x', '/app', '/x'],
  ])('%s is mounted', (target, script, path) => {
    expect(build({ target, options: { rootPath: '/app' } })).toMatchObject({
      SCRIPT_NAME: script,
      PATH_INFO: path,
    });
  });

  test.each(['/', '/apple', '/x/app'])('%s is not below it', (target) => {
    expect(refusal({ target, options: { rootPath: '/app' } })).toBe('404 OUTSIDE_ROOT_PATH');
  });

  test.each(['app', '/app/', '/', '//a'])('%j is no root path', (rootPath) => {
    expect(() => createEnvironBuilder({ rootPath })).toThrow(
      `rootPath must be like '/app', not '${rootPath}'`,
    );
  });
});

describe('the server', () => {
  test.each([
    ['a:81', 'a', '81'],
    ['a', 'a', '80'],
    ['a:', 'a', '80'],
    ['[::1]:81', '[::1]', '81'],
    ['[::1]', '[::1]', '80'],
    [undefined, '192.0.2.1', '8000'],
  ])('with Host %s is %s at %s', (host, name, port) => {
    expect(build({ host, minorVersion: host === undefined ? 0 : 1 })).toMatchObject({
      SERVER_NAME: name,
      SERVER_PORT: port,
    });
  });

  test('over TLS', () => {
    const variables = { SSL_PROTOCOL: 'TLSv1.3', SSL_CLIENT_VERIFY: 'NONE' };
    const fields = { 'SSL-Client-Verify': 'SUCCESS', 'X-Other': 'x' };
    const told = build({ fields, from: { encrypted: true, variables } });
    expect(told).toMatchObject({ ...variables, HTTP_SSL_CLIENT_VERIFY: 'SUCCESS' });
    expect(build({ from: { encrypted: true } })).not.toHaveProperty('SSL_PROTOCOL');
    expect(build({ from: { encrypted: true } })).toMatchObject({
      'wsgi.url_scheme': 'https',
      HTTPS: 'on',
      SERVER_PORT: '443',
    });
  });

  test('on a Unix socket', () => {
    const from = { unix: true, remoteAddress: '', localAddress: '/run/x.sock', localPort: 0 };
    expect(build({ from, host: undefined, minorVersion: 0 })).toMatchObject({
      REMOTE_ADDR: '',
      REMOTE_PORT: '',
      SERVER_NAME: 'localhost',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.0',
    });
  });

  test('an IPv4 client on an IPv6 socket has its IPv4 address', () => {
    expect(build({ from: { remoteAddress: '::ffff:192.0.2.9' } }).REMOTE_ADDR).toBe('192.0.2.9');
  });
});

describe('fields', () => {
  test('repeats join: by a comma, cookies by a semicolon', () => {
    const environ = build({
      fields: [
        ['X', 'a'],
        ['x', 'b'],
        ['Cookie', 'a=1'],
        ['cookie', 'b=2'],
      ],
    });
    expect(environ).toMatchObject({ HTTP_X: 'a,b', HTTP_COOKIE: 'a=1; b=2' });
  });

  test('Content-Type and Content-Length are never HTTP_ fields', () => {
    const environ = build({ fields: { 'content-type': 'a', 'CONTENT-LENGTH': '1' } });
    expect(Object.keys(environ).filter((key) => key.startsWith('HTTP_CONTENT'))).toEqual([]);
  });

  test('Proxy is left out: httpoxy', () => {
    expect(build({ fields: { Proxy: 'http://evil' } })).not.toHaveProperty('HTTP_PROXY');
  });

  test('a name with an underscore is dropped, refused, or kept', () => {
    const fields = { X_Forwarded_For: '1.2.3.4', Content_Length: '3', Pro_xy: 'x' };
    expect(
      Object.keys(build({ fields })).filter((key) => key.includes('FORWARDED') || key.includes('CONTENT')),
    ).toEqual([]);
    expect(refusal({ fields, options: { headerMap: 'refuse' } })).toBe('400 UNDERSCORE_IN_NAME');
    expect(build({ fields: { X_Ray: '1' }, options: { headerMap: 'dangerous' } }).HTTP_X_RAY).toBe('1');
  });

  test('a name of Object’s own is a field like any other', () => {
    expect(build({ fields: { constructor: 'a', __proto: 'b', toString: 'c' } })).toMatchObject({
      HTTP_CONSTRUCTOR: 'a',
      HTTP_TOSTRING: 'c',
    });
  });

  test('ten thousand names of a client’s choosing are not all remembered', () => {
    for (let i = 0; i < 10_000; i++) build({ fields: { [`X-${i}`]: 'a' } });
    expect(build({ fields: { 'X-1': 'a' } })).toMatchObject({ HTTP_X_1: 'a' });
  });
});

describe('what a proxy says of its client', () => {
  const from = { remoteAddress: '10.0.0.1' };
  const options = { forwardedAllowIps: ['10.0.0.0/8', '2001:db8::/32'] };
  const trusted = (fields: Record<string, string> | [string, string][]): Environ =>
    build({ from, options, fields });
  const refused = (fields: Record<string, string> | [string, string][]): string =>
    refusal({ from, options, fields });

  test('is neither believed nor shown when it is not trusted', () => {
    const environ = build({
      fields: {
        'X-Forwarded-For': '1.2.3.4',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'for=1.2.3.4',
        'X-Real-IP': '1.2.3.4',
        'X-Forwarded-Host': 'evil',
      },
    });
    expect(environ).toMatchObject({
      REMOTE_ADDR: '192.0.2.7',
      'wsgi.url_scheme': 'http',
      HTTP_HOST: 'example.org',
    });
    expect(JSON.stringify(environ)).not.toMatch(/1\.2\.3\.4|evil/);
  });

  test('nonsense of an untrusted peer is no error', () => {
    expect(refusal({ fields: { Forwarded: '"', 'X-Forwarded-Proto': 'gopher' } })).toBe('accepted');
  });

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3.4, 10.0.0.2', '1.2.3.4'],
    ['6.6.6.6, 1.2.3.4, 10.0.0.2,10.0.0.3', '1.2.3.4'],
    ['10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['[2001:db9::1]:5678', '2001:db9::1'],
    ['2001:db9::1', '2001:db9::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['unknown', '10.0.0.1'],
    ['6.6.6.6, <script>', '10.0.0.1'],
    ['6.6.6.6, 10.0.0.5x, 10.0.0.2', '10.0.0.1'],
    ['', '10.0.0.1'],
  ])('X-Forwarded-For %j is walked from the right: %s', (value, address) => {
    expect(trusted({ 'X-Forwarded-For': value }).REMOTE_ADDR).toBe(address);
  });

  test('X-Forwarded-For in several fields is one list', () => {
    expect(
      trusted([
        ['X-Forwarded-For', '6.6.6.6'],
        ['X-Forwarded-For', '1.2.3.4'],
      ]).REMOTE_ADDR,
    ).toBe('1.2.3.4');
  });

  test.each([
    ['for=1.2.3.4', { REMOTE_ADDR: '1.2.3.4', 'wsgi.url_scheme': 'http' }],
    [
      'For="[2001:db9::1]:4711";Proto=HTTPS;host=b.example',
      { REMOTE_ADDR: '2001:db9::1', HTTPS: 'on', HTTP_HOST: 'b.example', SERVER_PORT: '443' },
    ],
    ['for=6.6.6.6, for=1.2.3.4;by=10.0.0.9, for=10.0.0.2', { REMOTE_ADDR: '1.2.3.4' }],
    ['for=_hidden', { REMOTE_ADDR: '10.0.0.1' }],
    ['for="a\\"b,c;d", for=1.2.3.4', { REMOTE_ADDR: '1.2.3.4' }],
  ])('Forwarded %s', (value, expected) => {
    expect(trusted({ Forwarded: value })).toMatchObject(expected);
  });

  test.each(['for', 'for=1.2.3.4;for=5.6.7.8', 'for="1.2.3.4', 'for=1.2.3.4 proto=https', '=a'])(
    'Forwarded %s is refused',
    (value) => {
      expect(refused({ Forwarded: value })).toBe('400 BAD_FORWARDED');
    },
  );

  test('the scheme and the host are those of the nearest hop', () => {
    const environ = trusted({ 'X-Forwarded-Proto': 'http, https', 'X-Forwarded-Host': 'evil, good.example' });
    expect(environ).toMatchObject({
      'wsgi.url_scheme': 'https',
      HTTP_HOST: 'good.example',
      SERVER_NAME: 'good.example',
    });
  });

  test('another scheme is refused', () => {
    expect(refused({ 'X-Forwarded-Proto': 'gopher' })).toBe('400 BAD_FORWARDED');
  });

  test.each([':x', ':80', 'a:x', 'a b', 'a/b', 'a@b', '[::1', '[x]', 'a:123456', 'ä'])(
    'a host that is none is refused: %s',
    (host) => {
      expect(refused({ 'X-Forwarded-Host': host })).toBe('400 BAD_FORWARDED');
      expect(refused({ Forwarded: `for=1.2.3.4;host="${host}"` })).toBe('400 BAD_FORWARDED');
    },
  );

  test.each([
    'a',
    'a.example:80',
    'a_b.example:',
    '[::1]:8000',
    '[2001:db8::1]',
    '192.0.2.1',
    'xn--4ca.example',
  ])('a host is taken over: %s', (host) => {
    expect(trusted({ 'X-Forwarded-Host': host }).HTTP_HOST).toBe(host);
    expect(trusted({ Forwarded: `for=1.2.3.4;host="${host}"` }).HTTP_HOST).toBe(host);
  });

  test.each([
    [{ 'X-Forwarded-Proto': 'https', 'X-Forwarded-Ssl': 'off' }],
    [{ 'X-Forwarded-Proto': 'http', 'X-Forwarded-Protocol': 'https' }],
    [{ 'X-Forwarded-Proto': 'http', Forwarded: 'for=1.2.3.4;proto=https' }],
    [{ 'X-Forwarded-For': '1.2.3.4', Forwarded: 'for=5.6.7.8' }],
    [{ 'X-Forwarded-Host': 'a', Forwarded: 'for=1.2.3.4;host=b' }],
  ])('contradictions are refused: %j', (fields) => {
    expect(refused(fields)).toBe('400 CONFLICTING_FORWARDED');
  });

  test('the same said twice is no contradiction', () => {
    expect(
      trusted({
        'X-Forwarded-For': '1.2.3.4',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'for=1.2.3.4;proto=https',
      }),
    ).toMatchObject({
      REMOTE_ADDR: '1.2.3.4',
      HTTPS: 'on',
    });
  });

  test('endless lists are refused', () => {
    expect(refused({ 'X-Forwarded-For': '10.0.0.2,'.repeat(100) })).toBe('400 BAD_FORWARDED');
    expect(refused({ Forwarded: 'for=10.0.0.2,'.repeat(100) })).toBe('400 BAD_FORWARDED');
  });

  test('loopback and Unix sockets are trusted unless something else is said', () => {
    const fields = { 'X-Forwarded-For': '1.2.3.4' };
    expect(build({ fields, from: { remoteAddress: '127.0.0.1' } }).REMOTE_ADDR).toBe('1.2.3.4');
    expect(build({ fields, from: { remoteAddress: '', unix: true } }).REMOTE_ADDR).toBe('1.2.3.4');
    expect(
      build({
        fields,
        from: { remoteAddress: '', unix: true },
        options: { forwardedAllowIps: ['127.0.0.1'] },
      }).REMOTE_ADDR,
    ).toBe('');
  });
});

test('a request of node:http can be packed as well', async () => {
  const packed = new Promise<Environ>((resolve) => {
    const server = createServer((request, response) => {
      const head = {
        method: request.method ?? '',
        target: request.url ?? '',
        minorVersion: request.httpVersionMinor,
        fields: request.rawHeaders,
      };
      resolve(createEnvironBuilder()({ ...head, host: request.headers.host }, connection, input, errors));
      response.end();
      server.close();
    });
    server.listen(0, '127.0.0.1', () => {
      get(
        { port: (server.address() as AddressInfo).port, path: '/a?b', headers: { 'X-Ray': '1' } },
        (response) => response.resume(),
      );
    });
    void once(server, 'close');
  });
  expect(await packed).toMatchObject({
    PATH_INFO: '/a',
    QUERY_STRING: 'b',
    HTTP_X_RAY: '1',
    SERVER_NAME: 'localhost',
  });
});
