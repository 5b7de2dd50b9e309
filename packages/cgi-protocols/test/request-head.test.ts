import { describe, expect, test } from 'vitest';
import { clientOf, requestHeadOf } from '../src/index.ts';

/** What Debian's nginx sends with its uwsgi_params. */
const nginx = [
  'QUERY_STRING', 'a=1', 'REQUEST_METHOD', 'POST', 'CONTENT_TYPE', 'text/plain', 'CONTENT_LENGTH', '5',
  'REQUEST_URI', '/a%2Fb?a=1', 'PATH_INFO', '/a/b', 'DOCUMENT_ROOT', '/var/www', 'SERVER_PROTOCOL', 'HTTP/1.1',
  'REQUEST_SCHEME', 'https', 'HTTPS', 'on', 'REMOTE_ADDR', '203.0.113.7', 'REMOTE_PORT', '4711',
  'SERVER_PORT', '443', 'SERVER_NAME', 'site.example', 'HTTP_HOST', 'site.example', 'HTTP_X_RAY', '1',
]; // prettier-ignore

describe('requestHeadOf', () => {
  test('makes of nginx’s variables the head that the client sent', () => {
    expect(requestHeadOf(nginx, 5)).toEqual({
      method: 'POST',
      target: '/a%2Fb?a=1',
      minorVersion: 1,
      fields: ['content-type', 'text/plain', 'content-length', '5', 'host', 'site.example', 'x-ray', '1'],
      host: 'site.example',
      contentLength: 5,
    });
  });

  test('composes the target where nobody has kept it', () => {
    const parts = [
      'REQUEST_METHOD',
      'GET',
      'SCRIPT_NAME',
      '/app',
      'PATH_INFO',
      '/caf\xc3\xa9 x',
      'QUERY_STRING',
      'q',
    ];
    expect(requestHeadOf(parts, 0).target).toBe('/app/caf%C3%A9%20x?q');
  });

  test.each([
    ['says what the path says', '/a%2Fb?x', '/a/b', '', 'x', '/a%2Fb?x'],
    ['was rewritten since', '/old?x', '/new', '', 'x', '/new?x'],
    ['has another query', '/a?x', '/a', '', 'y', '/a?y'],
    ['has dots that were resolved', '/a/../b', '/b', '', '', '/b'],
    ['is below the mount', '/app/x', '/x', '/app', '', '/app/x'],
    ['is below the mount, which the path has, too', '/app/x', '/app/x', '/app', '', '/app/x'],
    ['has a broken escape', '/%zz', '/%zz', '', '', '/%zz'],
  ])('a target that %s', (_, uri, path, script, query, target) => {
    const parts = ['REQUEST_METHOD', 'GET', 'REQUEST_URI', uri, 'PATH_INFO', path, 'SCRIPT_NAME', script];
    expect(requestHeadOf([...parts, 'QUERY_STRING', query], 0).target).toBe(target);
  });

  test('takes the last of a repeated variable, and all of a repeated field', () => {
    const parts = ['REQUEST_METHOD', 'GET', 'REQUEST_METHOD', 'PUT', 'REQUEST_URI', '/', 'HTTP_A', '1', 'HTTP_A', '2']; // prettier-ignore
    expect(requestHeadOf(parts, 0)).toMatchObject({ method: 'PUT', fields: ['a', '1', 'a', '2'] });
  });

  test('leaves out what would contradict CONTENT_LENGTH', () => {
    const parts = ['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', 'HTTP_CONTENT_LENGTH', '9', 'HTTP_CONTENT_TYPE', 'a/b', 'HTTP_TRANSFER_ENCODING', 'chunked']; // prettier-ignore
    expect(requestHeadOf(parts, 0).fields).toEqual([]);
  });

  test('leaves out what the web server has left empty, and the field Proxy', () => {
    const parts = ['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', 'CONTENT_TYPE', '', 'CONTENT_LENGTH', '', 'HTTP_PROXY', 'evil', 'HTTP_EMPTY', '']; // prettier-ignore
    expect(requestHeadOf(parts, 0).fields).toEqual(['empty', '']);
  });

  test.each([
    [['REQUEST_URI', '/']],
    [['REQUEST_METHOD', 'G T', 'REQUEST_URI', '/']],
    [['REQUEST_METHOD', 'GET']],
    [['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/ HTTP/1.1']],
    [['REQUEST_METHOD', 'GET', 'REQUEST_URI', 'a.example:80']],
    [['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', 'HTTP_A', 'b\r\nC: d']],
    [['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', 'HTTP_A B', 'c']],
  ])('refuses %j', (variables) => {
    expect(() => requestHeadOf(variables, 0)).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }) as Error,
    );
  });
});

describe('clientOf', () => {
  test('tells who asked', () => {
    expect(clientOf(nginx)).toEqual({
      remoteAddress: '203.0.113.7',
      remotePort: 4711,
      localAddress: '',
      localPort: 443,
      encrypted: true,
    });
  });

  test('knows nothing where nothing is said', () => {
    expect(clientOf(['REMOTE_PORT', 'x'])).toEqual({
      remoteAddress: '',
      remotePort: 0,
      localAddress: '',
      localPort: 0,
      encrypted: false,
    });
  });
});
