import type { Environ } from '@highball/gateway-protocol';
import { expect, test } from 'vitest';
import { PathMap } from '../src/path-map.ts';
import { clientLocation, mapCookie } from '../src/redirects.ts';

const environ = { HTTP_HOST: 'site.example', 'wsgi.url_scheme': 'https' } as unknown as Environ;
const paths = new PathMap({ stripPrefix: '/api', prefix: '/v2' });

test.each([
  ['http://10.0.0.1:8000/v2/x?y#z', 'https://site.example/api/x?y#z'],
  ['/v2/x', '/api/x'],
  ['/elsewhere', '/elsewhere'],
  ['//evil.example/v2/x', '//evil.example/v2/x'],
  ['https://10.0.0.1:8000/v2/x', 'https://10.0.0.1:8000/v2/x'],
  ['http://other.example/v2/x', 'http://other.example/v2/x'],
  ['relative', 'relative'],
])('Location: %s becomes %s', (location, expected) => {
  expect(clientLocation(location, 'http://10.0.0.1:8000', paths, environ)).toBe(expected);
});

test.each([
  ['a=b; Path=/; Domain=app.internal; Secure', 'a=b; Path=/api; Domain=site.example; Secure'],
  ['a=b; path=/v2/x; domain=.APP.internal', 'a=b; Path=/new/x; Domain=site.example'],
  ['a=b; Path=/v2x; Domain=gone.internal', 'a=b; Path=/api/v2x'],
  ['a="Path=/"; HttpOnly', 'a="Path=/"; HttpOnly'],
])('Set-Cookie: %s becomes %s', (cookie, expected) => {
  const options = {
    cookieDomain: { 'app.internal': 'site.example', 'gone.internal': '' },
    cookiePath: { '/': '/api', '/v2': '/new' },
  };
  expect(mapCookie(cookie, options)).toBe(expected);
});
