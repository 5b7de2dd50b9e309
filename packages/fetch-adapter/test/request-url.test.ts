import type { Environ } from '@highball/gateway-protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestUrl } from '../src/request-url.ts';

function environ(
  target: string | undefined,
  host: string | null = 'example.com',
  more: object = {},
): Environ {
  return {
    'wsgi.url_scheme': 'http',
    SERVER_NAME: '127.0.0.1',
    SERVER_PORT: '8000',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    ...(host !== null && { HTTP_HOST: host }),
    ...(target !== undefined && { RAW_URI: target }),
    ...more,
  } as Environ;
}

const codeOf = (make: () => unknown): unknown => {
  try {
    return make();
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('requestUrl', () => {
  test.each([
    ['/', 'example.com', 'http://example.com/'],
    ['/a%20b?q=1%202&r', 'example.com:8080', 'http://example.com:8080/a%20b?q=1%202&r'],
    ['/', 'EXAMPLE.com:80', 'http://example.com/'],
    ['/x', '[::1]:8000', 'http://[::1]:8000/x'],
    ['/a/../b/./c', 'h', 'http://h/b/c'],
    ['/a/%2e%2E/b', 'h', 'http://h/b'],
    ['//other/x', 'h', 'http://h//other/x'],
    ["/?q='x'", 'h', 'http://h/?q=%27x%27'],
    ['/?q=\\', 'h', 'http://h/?q=\\'],
    ['http://elsewhere/p?q', 'h', 'http://h/p?q'],
    ['http://elsewhere', 'h', 'http://h/'],
    ['http://elsewhere?q', 'h', 'http://h/?q'],
    ['*', 'h', 'http://h/'],
    ['/a#b', 'h', 'http://h/a'],
  ])('%s at %s is %s', (target, host, url) => {
    expect(requestUrl(environ(target, host))).toBe(url);
  });

  test.each(['a b', 'user@h', 'h/path', 'h?q', 'h#f', 'h\\x', 'h:99999', '[::1', 'h:', '%', '<'])(
    'the host %j is refused or read as URL reads it',
    (host) => {
      const made = codeOf(() => requestUrl(environ('/', host)));
      expect(made).toBe(host === 'h:' ? 'http://h/' : 'BAD_HOST');
    },
  );

  test('a backslash in the path is refused: URL would make a slash of it', () => {
    expect(codeOf(() => requestUrl(environ('/a\\b')))).toBe('BAD_TARGET');
  });

  test('a target of no form is refused', () => {
    expect(codeOf(() => requestUrl(environ('example.com:443')))).toBe('BAD_TARGET');
  });

  test('without Host the server is named by its address', () => {
    expect(requestUrl(environ('/', null))).toBe('http://127.0.0.1:8000/');
    expect(requestUrl(environ('/', null, { SERVER_NAME: '::1' }))).toBe('http://[::1]:8000/');
    expect(requestUrl(environ('/', ''))).toBe('http://127.0.0.1:8000/');
  });

  test('without RAW_URI the target is made of the decoded parts', () => {
    const parts = { SCRIPT_NAME: '/app', PATH_INFO: '/sm\xc3\xb6r g?#%', QUERY_STRING: 'a=b' };
    expect(requestUrl(environ(undefined, 'h', parts))).toBe('http://h/app/sm%C3%B6r%20g%3F%23%25?a=b');
  });

  test('many hosts do not change the answer', () => {
    for (let i = 0; i < 3000; i++) expect(requestUrl(environ('/', `h${i}`))).toBe(`http://h${i}/`);
    expect(requestUrl(environ('/', 'h0'))).toBe('http://h0/');
  });

  test('is what Request makes of it, whatever the path and the query', () => {
    const part = fc.stringMatching(/^[\w\-.~!$&'()*+,;=:@/%?]{0,30}$/);
    fc.assert(
      fc.property(part, (text) => {
        const target = `/${text}`;
        expect(requestUrl(environ(target))).toBe(new Request(`http://example.com${target}`).url);
      }),
      { numRuns: 2000 },
    );
  });
});
