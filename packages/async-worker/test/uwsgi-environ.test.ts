import { encodeUwsgiRequest } from '@highball/cgi-protocols';
import type { Environ } from '@highball/gateway-protocol';
import { exchange } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { WorkerOptions } from '../src/index.ts';
import { serve } from './support.ts';
import { packet } from './uwsgi-packet.ts';

/** The environ that an application gets of a request. */
async function environOf(bytes: Uint8Array, options: WorkerOptions = {}): Promise<Environ> {
  let environ: Environ | undefined;
  await using server = await serve(
    (got, start) => {
      environ = got;
      start('204 No Content', []);
      return [];
    },
    { protocol: 'uwsgi', ...options },
  );
  const answer = await exchange(server.port, bytes);
  if (environ === undefined) throw new Error(`not served: ${answer}`);
  return environ;
}

test('the client is the web server’s, not the web server', async () => {
  const environ = await environOf(packet({ HTTPS: 'on', SERVER_PORT: '443', SERVER_PROTOCOL: 'HTTP/2.0' }));
  expect(environ).toMatchObject({
    REMOTE_ADDR: '203.0.113.7',
    REMOTE_PORT: '4711',
    'wsgi.url_scheme': 'https',
    HTTPS: 'on',
    SERVER_NAME: 'site.example',
    SERVER_PORT: '443',
    SERVER_PROTOCOL: 'HTTP/2.0',
    HTTP_HOST: 'site.example',
  });
});

test('an IPv6 client keeps its address', async () => {
  expect((await environOf(packet({ REMOTE_ADDR: '2001:db8::7' }))).REMOTE_ADDR).toBe('2001:db8::7');
});

test('the variables that were added for the application are there', async () => {
  const environ = await environOf(
    packet({ REMOTE_USER: 'ann', SSL_CLIENT_VERIFY: 'SUCCESS', 'proxy-nokeepalive': '1' }),
  );
  expect(environ).toMatchObject({ REMOTE_USER: 'ann', SSL_CLIENT_VERIFY: 'SUCCESS', REQUEST_URI: '/hello' });
  expect(environ).not.toHaveProperty('proxy-nokeepalive');
});

test('variables cannot take the place of what is the server’s', async () => {
  const sly = {
    'wsgi.url_scheme': 'https',
    'highball.signal': 'x',
    __proto__x: 'y',
    RAW_URI: '/evil',
    constructor: 'c',
  };
  const environ = await environOf(packet(sly));
  expect(environ['wsgi.url_scheme']).toBe('http');
  expect(environ['highball.signal']).toBeTypeOf('function');
  expect(environ.RAW_URI).toBe('/hello');
  expect(environ['constructor']).toBe('c');
});

test('a variable that is sent again takes the place of the first, as uwsgi_param behind an include does', async () => {
  const bytes = encodeUwsgiRequest([
    'REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', 'PATH_INFO', '/', 'REMOTE_ADDR', '192.0.2.1',
    'SERVER_NAME', 'first.example', 'REMOTE_ADDR', '192.0.2.2', 'SERVER_NAME', 'second.example',
  ]); // prettier-ignore
  expect(await environOf(bytes)).toMatchObject({ REMOTE_ADDR: '192.0.2.2', SERVER_NAME: 'second.example' });
});

test.each([
  ['a client', '203.0.113.7', '203.0.113.7', 'http'],
  ['a proxy that is trusted', '10.0.0.9', '198.51.100.1', 'https'],
])('X-Forwarded-* of %s behind the web server', async (_, peer, address, scheme) => {
  const claims = { REMOTE_ADDR: peer, HTTP_X_FORWARDED_FOR: '198.51.100.1', HTTP_X_FORWARDED_PROTO: 'https' };
  const environ = await environOf(packet(claims), {
    environ: { forwardedAllowIps: ['127.0.0.1', '10.0.0.9', 'unix'] },
  });
  expect(environ.REMOTE_ADDR).toBe(address);
  expect(environ['wsgi.url_scheme']).toBe(scheme);
});

test('a client of the web server’s Unix socket is one', async () => {
  const environ = await environOf(
    packet({ REMOTE_ADDR: 'unix:', REMOTE_PORT: '', HTTP_X_FORWARDED_FOR: '198.51.100.1' }),
  );
  expect(environ.REMOTE_ADDR).toBe('198.51.100.1');
});

test('fields that frame the client’s connection, and Proxy, are left out', async () => {
  const fields = {
    HTTP_CONTENT_LENGTH: '99',
    HTTP_CONTENT_TYPE: 'a/b',
    HTTP_TRANSFER_ENCODING: 'chunked',
    HTTP_PROXY: 'evil',
  };
  const environ = await environOf(packet({ ...fields, CONTENT_TYPE: 'text/plain' }, 'hello'));
  expect(environ).toMatchObject({ CONTENT_LENGTH: '5', CONTENT_TYPE: 'text/plain' });
  for (const name of Object.keys(fields)) expect(environ).not.toHaveProperty(name);
});

test('cookies and other fields are there under their names', async () => {
  const environ = await environOf(packet({ HTTP_COOKIE: 'a=1; b=2', HTTP_X_RAY: '1' }));
  expect(environ).toMatchObject({ HTTP_COOKIE: 'a=1; b=2', HTTP_X_RAY: '1' });
});

test.each([
  ['as it was sent', { REQUEST_URI: '/a%2Fb?x', PATH_INFO: '/a/b', QUERY_STRING: 'x' }, '/a/b', '/a%2Fb?x'],
  [
    'rewritten by the web server',
    { REQUEST_URI: '/old?x', PATH_INFO: '/new one', QUERY_STRING: 'x' },
    '/new one',
    '/new%20one?x',
  ],
  ['with dots that it has resolved', { REQUEST_URI: '/a/../b', PATH_INFO: '/b' }, '/b', '/b'],
  ['with another query', { REQUEST_URI: '/a?x', PATH_INFO: '/a', QUERY_STRING: 'y' }, '/a', '/a?y'],
  ['with a line break in it', { REQUEST_URI: '/a%0Ab', PATH_INFO: '/a\nb' }, '/a\nb', '/a%0Ab'],
])('a path %s', async (_, variables, path, uri) => {
  expect(await environOf(packet(variables))).toMatchObject({ PATH_INFO: path, RAW_URI: uri });
});

test.each([
  [
    'mounted by the web server',
    { REQUEST_URI: '/app/x', SCRIPT_NAME: '/app', PATH_INFO: '/x' },
    '',
    '/app',
    '/x',
  ],
  [
    'with the name in the path, too',
    { REQUEST_URI: '/app/x', SCRIPT_NAME: '/app', PATH_INFO: '/app/x' },
    '',
    '/app',
    '/x',
  ],
  ['mounted by an option', { REQUEST_URI: '/app/x', PATH_INFO: '/app/x' }, '/app', '/app', '/x'],
  ['mounted by both', { REQUEST_URI: '/app/x', SCRIPT_NAME: '/app', PATH_INFO: '/x' }, '/app', '/app', '/x'],
  [
    'mounted where it is not',
    { REQUEST_URI: '/apple', SCRIPT_NAME: '/app', PATH_INFO: '/apple' },
    '',
    '/app',
    '/apple',
  ],
])('an application %s', async (_, variables, rootPath, script, path) => {
  const environ = await environOf(packet(variables), { environ: { rootPath } });
  expect(environ).toMatchObject({ SCRIPT_NAME: script, PATH_INFO: path });
});
