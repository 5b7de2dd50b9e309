import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { metaVariables } from '../src/variables.ts';

const options = {
  env: { PATH: '/bin' },
  documentRoot: undefined,
  scriptFilename: undefined,
  passAuthorization: false,
};
const script = { program: '/srv/cgi/env', name: '/cgi-bin/env', pathInfo: '' };

function environ(more: Record<string, unknown> = {}): Environ {
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/cgi-bin/env',
    QUERY_STRING: '',
    SERVER_NAME: 'h',
    SERVER_PORT: '80',
    SERVER_PROTOCOL: 'HTTP/1.1',
    'wsgi.url_scheme': 'http',
    ...more,
  } as Environ;
}

describe('metaVariables', () => {
  test('has all that RFC 3875 §4.1 asks for, and nothing of this process', () => {
    const given = environ({
      AUTH_TYPE: 'Basic',
      CONTENT_TYPE: 'a/b',
      REMOTE_ADDR: '192.0.2.1',
      REMOTE_USER: 'me',
      REMOTE_IDENT: 'ident',
      HTTP_ACCEPT: '*/*',
      OWN_KEY: 'server',
    });
    const root = { ...options, documentRoot: '/srv/www' };
    expect(metaVariables(given, { ...script, pathInfo: '/extra' }, 12, root)).toEqual({
      AUTH_TYPE: 'Basic',
      CONTENT_LENGTH: '12',
      CONTENT_TYPE: 'a/b',
      DOCUMENT_ROOT: '/srv/www',
      GATEWAY_INTERFACE: 'CGI/1.1',
      HTTP_ACCEPT: '*/*',
      PATH: '/bin',
      PATH_INFO: '/extra',
      PATH_TRANSLATED: '/srv/www/extra',
      QUERY_STRING: '',
      REDIRECT_STATUS: '200',
      REMOTE_ADDR: '192.0.2.1',
      REMOTE_HOST: '192.0.2.1',
      REMOTE_IDENT: 'ident',
      REMOTE_USER: 'me',
      REQUEST_METHOD: 'GET',
      REQUEST_SCHEME: 'http',
      SCRIPT_FILENAME: '/srv/cgi/env',
      SCRIPT_NAME: '/cgi-bin/env',
      SERVER_NAME: 'h',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_SOFTWARE: 'highball',
    });
  });

  test('has no CONTENT_LENGTH without a body, whatever the request says', () => {
    const variables = metaVariables(environ({ CONTENT_LENGTH: '9' }), script, undefined, options);
    expect(variables).not.toHaveProperty('CONTENT_LENGTH');
  });

  test('withholds what a program could mistake, and credentials unless they are asked for', () => {
    const given = environ({
      HTTP_PROXY: 'http://evil',
      HTTP_CONNECTION: 'close',
      HTTP_TRANSFER_ENCODING: 'chunked',
      HTTP_CONTENT_LENGTH: '1',
      HTTP_AUTHORIZATION: 'Basic x',
      HTTP_PROXY_AUTHORIZATION: 'Basic y',
      'HTTP_X()': '() { :; }; echo',
      HTTP_X: 1,
    });
    const keys = (more: object): string[] =>
      Object.keys(metaVariables(given, script, undefined, { ...options, ...more })).filter((key) =>
        key.startsWith('HTTP_'),
      );
    expect(keys({})).toEqual([]);
    expect(keys({ passAuthorization: true })).toEqual(['HTTP_AUTHORIZATION', 'HTTP_PROXY_AUTHORIZATION']);
  });

  test('a path that climbs is not translated', () => {
    const root = { ...options, documentRoot: '/srv/www' };
    const variables = metaVariables(environ(), { ...script, pathInfo: '/../secret' }, undefined, root);
    expect(variables).not.toHaveProperty('PATH_TRANSLATED');
    expect(variables['PATH_INFO']).toBe('/../secret');
  });

  test('bytes become the text whose UTF-8 they are', () => {
    const latin1 = (text: string): string => Buffer.from(text).toString('latin1');
    const variables = metaVariables(
      environ({ HTTP_X: latin1('smörgås'), HTTP_Y: '\xff', QUERY_STRING: latin1('q=ö') }),
      { ...script, pathInfo: latin1('/å') },
      undefined,
      { ...options, documentRoot: '/srv' },
    );
    expect(variables).toMatchObject({
      HTTP_X: 'smörgås',
      HTTP_Y: '\ufffd',
      PATH_INFO: '/å',
      QUERY_STRING: 'q=ö',
      PATH_TRANSLATED: '/srv/å',
    });
  });

  test.each([
    ['NUL in the path', { pathInfo: '/a\0' }, {}],
    ['a path that is no UTF-8', { pathInfo: '/\xff' }, {}],
    ['a query that is no UTF-8', {}, { QUERY_STRING: '\xff' }],
    ['NUL in a field', {}, { HTTP_X: '\0' }],
  ])('%s is refused', (_name, more, keys) => {
    expect(() => metaVariables(environ(keys), { ...script, ...more }, undefined, options)).toThrow(
      expect.objectContaining({ code: 'BAD_VARIABLE', status: '400 Bad Request' }),
    );
  });

  test('the options have the last word', () => {
    const env = { SERVER_SOFTWARE: 'mine', PATH: '/x' };
    expect(metaVariables(environ(), script, undefined, { ...options, env })).toMatchObject(env);
  });
});
