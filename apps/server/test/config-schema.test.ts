import { expect, test } from 'vitest';
import { checkConfig, checkServerConfig } from '../src/config-schema.ts';
import { defineConfig, defineSettings } from '../src/index.ts';

test('a whole configuration passes as it is', () => {
  const config = defineConfig({
    bind: ['127.0.0.1:8000'],
    workers: 2,
    upstreams: { blog: { app: './app.ts', instances: 2 }, old: { servers: ['http://127.0.0.1:1'] } },
    routes: [
      { path: '/static/*file', static: 'public', prefix: '/static', maxAge: 60 },
      { path: /^\/old/, proxy: 'old' },
      { proxy: 'blog' },
    ],
  });
  expect(checkConfig(config, 'x')).toEqual(config);
});

test('an unknown upstream is an error of the types, and of the check', () => {
  const config = defineConfig({
    upstreams: { blog: { servers: ['http://127.0.0.1:1'] } },
    // @ts-expect-error: the name is not among the upstreams
    routes: [{ proxy: 'blgo' }],
  });
  expect(() => checkConfig(config, 'x')).toThrow(
    "x: routes[0].proxy names the upstream 'blgo', but upstreams has: blog",
  );
});

test.each([
  [undefined, 'the configuration must be an object'],
  [{}, 'routes'],
  [{ routes: [] }, 'routes must have at least one route'],
  [{ routes: [{}] }, 'routes[0] does nothing: give it static, proxy, app, cgi, redirect, refuse or rewrite'],
  [{ routes: [{ static: 'a', app: 'b' }] }, 'routes[0] has static and app: keep one of them'],
  [{ routes: [{ rewrite: '/a', redirect: '/b' }] }, 'routes[0] has rewrite and redirect: keep one'],
  [{ routes: [{ static: 'a', maxage: 3 }] }, 'routes[0].maxage is no key of a route'],
  [{ routes: [{ static: '' }] }, 'routes[0].static must not be empty'],
  [
    { routes: [{ static: 'a', files: { autoIndex: true } }] },
    'routes[0].files.autoIndex is no key of files; there are: ',
  ],
  [
    { routes: [{ proxy: 'b', cache: { maxbytes: 1 } }] },
    'routes[0].cache.maxbytes is no key of cache; there are: maxBytes',
  ],
  [{ routes: [{ proxy: 'b', cache: 'yes' }] }, 'routes[0].cache must be true or false'],
  [
    { routes: [{ static: 'a' }], compress: { level: 1 } },
    'compress.level is no key of compress; there are: ',
  ],
  [
    { routes: [{ static: 'a' }], errorPages: { page: {} } },
    'errorPages.page is no key of errorPages; there are: ',
  ],
  [
    { routes: [{ static: 'a' }], forwardProxy: { user: 1 } },
    'forwardProxy.user is no key of forwardProxy; there are',
  ],
  [{ routes: [{ rewrite: 'a' }] }, 'routes[0].rewrite must start with /'],
  [{ routes: [{ redirect: '/a', status: 200 }] }, 'routes[0].status must be 301, 302, 303, 307 or 308'],
  [{ routes: [{ static: 'a' }], wokers: 2 }, 'wokers is no key of the configuration'],
  [
    { routes: [{ static: 'a' }], upstreams: { a: {} } },
    'upstreams.a must be { servers: [...] }, { app: ... } or { discover: ... }',
  ],
])('%j is refused with the key and the mend', (config, message) => {
  expect(() => checkConfig(config, 'my.ts')).toThrow(`my.ts: ${message}`);
});

test("a name of Object's own is no upstream", () => {
  expect(() => checkConfig({ routes: [{ proxy: 'toString' }] }, 'x')).toThrow('upstreams has: none');
});

test('settings and hooks without routes are a configuration of serve, static and proxy', () => {
  const config = defineSettings({ workers: 2, hooks: { whenReady() {} } });
  expect(checkServerConfig(config, 'x')).toEqual(config);
  // @ts-expect-error: routes are for `highball run`
  const routes = defineSettings({ routes: [] });
  expect(() => checkServerConfig(routes, 'my.ts')).toThrow('my.ts: routes is no setting and no key of it');
});

test.each([
  [{ hooks: { onFire() {} } }, 'hooks.onFire is no hook; there are: onStarting, onReload'],
  [{ hooks: { onExit: 'bye' } }, 'hooks.onExit must be a function'],
  [{ hooks: 'none' }, 'hooks must be an object'],
])('the hooks %j are refused', (config, message) => {
  expect(() => checkServerConfig(config, 'my.ts')).toThrow(`my.ts: ${message}`);
  expect(() => checkConfig({ ...config, routes: [{ static: 'a' }] }, 'my.ts')).toThrow(`my.ts: ${message}`);
});
