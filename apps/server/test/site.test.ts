import type { Application } from '@highball/gateway-protocol';
import { memoryStore } from '@highball/limits';
import { describe, expect, test } from 'vitest';
import { Lifecycle } from '../src/application/lifecycle.ts';
import type { Config, Route } from '../src/config.ts';
import { loadApplication } from '../src/load-application.ts';
import { SiteCaches } from '../src/site/caches.ts';
import { createSite } from '../src/site/site.ts';
import { type Answer, call, environOf, tellAddress } from './support.ts';

const upstreams = { application: (name: string) => (name === 'told' ? tellAddress : undefined) };
const context = {
  folder: import.meta.dirname,
  upstreams,
  lifecycle: new Lifecycle(),
  caches: new SiteCaches(),
  run: (spec: string): Promise<Application> => loadApplication(spec, import.meta.dirname),
};
const config = (...routes: Route[]): Config => ({
  routes,
  upstreams: { told: { servers: ['http://127.0.0.1:1'] } },
});

async function ask(request: string, ...routes: Route[]): Promise<string> {
  const { status, headers, body } = await call(
    await createSite(config(...routes), context),
    environOf(request),
  );
  const location = headers.find(([name]) => name === 'Location')?.[1];
  return location === undefined ? `${status.slice(0, 3)} ${body}` : `${status.slice(0, 3)} → ${location}`;
}

describe('CGI programs', () => {
  test.each<[string, Route, string]>([
    ['GET /cgi-bin/hello/more', { cgi: 'fixtures/cgi-bin' }, '200 /cgi-bin/hello /more'],
    ['GET /old/hello', { cgi: 'fixtures/cgi-bin', prefix: '/old' }, '200 /old/hello '],
    ['GET /cgi-bin/none', { cgi: 'fixtures/cgi-bin' }, '404 '],
    ['GET /any/path', { cgi: 'fixtures/cgi-bin/hello' }, '200  /any/path'],
    [
      'GET /hello/path',
      { path: '/hello/*rest', cgi: 'fixtures/cgi-bin/hello', prefix: '/hello' },
      '200 /hello /path',
    ],
  ])('%s', async (request, route, expected) => {
    expect((await ask(request, route)).startsWith(expected)).toBe(true);
  });

  test('that are not there are found when the site is made', async () => {
    await expect(createSite(config({ cgi: 'gone' }), context)).rejects.toThrow(/^cgi: there is no .*\/gone$/);
  });
});

describe('matching', () => {
  test.each([
    ['GET /posts/7', { path: '/posts/:id' }, true],
    ['GET /posts/7/', { path: '/posts/:id' }, false],
    ['GET /posts/', { path: '/posts/:id' }, false],
    ['GET /Posts/7', { path: '/posts/:id' }, false],
    ['GET /static/a/b.css', { path: '/static/*file' }, true],
    ['GET /statics', { path: '/static/*file' }, false],
    ['GET /a%20b', { path: /^\/a b$/ }, true],
    ['GET /caf%C3%A9', { path: '/café' }, true],
    ['GET /%ff', { path: '/%ff' }, false],
    ['POST /', { methods: ['GET', 'HEAD'] }, false],
    ['POST /', { methods: ['POST'] }, true],
    ['GET /', { hosts: ['localhost'] }, true],
    ['GET /', { hosts: ['example.org'] }, false],
    ['GET /?a=1', { query: { a: '1' } }, true],
    ['GET /?a=10', { query: { a: '1' } }, false],
    ['GET /?a=10', { query: { a: /^\d+$/ } }, true],
    ['GET /', { query: { a: /^/ } }, false],
  ])('%s against %o is %s', async (request, match, expected) => {
    expect((await ask(request, { ...match, proxy: 'told' })).startsWith('200')).toBe(expected);
  });

  test('a global regular expression matches every time', async () => {
    const site = await createSite(config({ path: /^\/a/g, proxy: 'told' }), context);
    for (let i = 0; i < 3; i++) expect((await call(site, environOf('GET /a'))).status).toBe('200 OK');
  });

  test('the first route that matches answers; none is 404', async () => {
    const routes: Route[] = [
      { path: '/a', redirect: '/first' },
      { path: '/a', redirect: '/second' },
    ];
    expect(await ask('GET /a', ...routes)).toBe('302 → /first');
    expect(await ask('GET /b', ...routes)).toBe('404 404 Not Found\n');
  });
});

describe('below a mount point', () => {
  const mounted = { SCRIPT_NAME: '/app', RAW_URI: '/app/old?x=1' };
  const answerTo = async (...routes: Route[]): Promise<Answer> =>
    call(await createSite(config(...routes), context), environOf('GET /old?x=1', mounted));

  test('a rewrite stays there', async () => {
    const { body } = await answerTo({ path: '/old', rewrite: '/new' }, { app: './fixtures/tell-mounted.ts' });
    expect(body).toBe('/app /new x=1 /app/new?x=1');
  });

  test('so does a redirect', async () => {
    const { headers } = await answerTo({ path: '/old', redirect: '/new' });
    expect(headers[0]).toEqual(['Location', '/app/new?x=1']);
  });
});

test('limits count where the configuration says, as on a Redis of several machines', async () => {
  const shared = memoryStore();
  const machine = (): Promise<Application> =>
    createSite(
      {
        ...config({ proxy: 'told' }),
        limits: { rules: [{ requestsPerSecond: 0.001, burst: 2, nodelay: true }], store: () => shared },
      },
      // A keeper that is not there: whoever asked it would wait, and count for itself.
      { ...context, keeper: '/nowhere/keeper' },
    );
  const statuses = [];
  for (const site of [await machine(), await machine(), await machine(), await machine()])
    statuses.push((await call(site, environOf('GET /'))).status.slice(0, 3));
  expect(statuses).toEqual(['200', '200', '200', '429']);
});

describe('the rule that fired', () => {
  test('is named to those behind and to those in front', async () => {
    const environ = environOf('GET /a');
    const routes: Route[] = [
      { path: '/b', proxy: 'told' },
      { name: 'old', path: '/a', rewrite: '/c' },
      { path: '/c', app: './fixtures/tell-rule.ts' },
    ];
    const { body } = await call(await createSite(config(...routes), context), environ);
    expect(body).toBe('old, routes[2]');
    expect(environ['highball.rule']).toBe('old, routes[2]');
  });

  test('needs no name where there is no other: the route is the site', async () => {
    expect(await createSite(config({ proxy: 'told' }), context)).toBe(tellAddress);
  });
});

describe('what else a route can ask for and do', () => {
  test.each<[string, Route, string, Record<string, string>]>([
    ['GET /', { scheme: 'https', refuse: 403 }, '404 404 Not Found\n', {}],
    ['GET /', { headers: { 'X-Beta': true }, refuse: 403 }, '403 403 Forbidden\n', { HTTP_X_BETA: '' }],
    ['GET /cgi-bin/hello', { isFile: '/fixtures{$path}', refuse: 410 }, '410 410 Gone\n', {}],
    ['GET /cgi-bin', { isFile: '/fixtures{$path}', refuse: 410 }, '404 404 Not Found\n', {}],
    ['GET /a', { unless: { path: '/a' }, refuse: 410 }, '404 404 Not Found\n', {}],
    ['GET /a', { hosts: [/^local/], refuse: 410 }, '410 410 Gone\n', {}],
  ])('%s %o', async (request, route, expected, fields) => {
    const site = await createSite(config(route), context);
    const { status, body } = await call(site, environOf(request, fields));
    expect(`${status.slice(0, 3)} ${body}`).toBe(expected);
  });

  test('routes that send a request round in circles are an error that names them', async () => {
    const site = await createSite(
      config({ path: '/a', rewrite: '/b', flag: 'last' }, { path: '/b', rewrite: '/a', flag: 'last' }),
      context,
    );
    expect(() => site(environOf('GET /a'), () => () => undefined)).toThrow('loop: /b → /a → /b');
  });
});

describe('redirect', () => {
  test('goes from the dynamic address to the clean one', async () => {
    const route: Route = {
      path: '/Blogs/Posts',
      query: { Year: /^(?<year>\d{4})$/, Month: /^(?<month>\d{1,2})$/ },
      redirect: '/blogs/{year}/{month}/',
      status: 301,
      queryPolicy: 'replace',
    };
    expect(await ask('GET /Blogs/Posts?Year=2006&Month=12', route)).toBe('301 → /blogs/2006/12/');
    expect(await ask('GET /Blogs/Posts?Year=2006', route)).toBe('404 404 Not Found\n');
  });

  test('keeps the query', async () => {
    expect(await ask('GET /a?x=1', { path: '/a', redirect: '/b' })).toBe('302 → /b?x=1');
    expect(await ask('GET /a?x=1', { path: '/a', redirect: '/b?y=2' })).toBe('302 → /b?y=2&x=1');
  });

  test.each([
    ['GET //evil.example', '/*all', '/{all}'],
    ['GET /go//evil.example', /^\/go(?<all>.*)$/, '{all}'],
    ['GET /go/%5c%5cevil.example', /^\/go\/(?<all>.*)$/, '/{all}'],
  ])('%s does not become an address of another host', async (request, path, redirect) => {
    const location =
      (await ask(request, { path, redirect: `/${redirect.replace(/^\//, '')}` })).split('→ ')[1] ?? '';
    expect(new URL(location, 'http://localhost').host).toBe('localhost');
  });

  test('writes no field of its own out of a captured CR LF', async () => {
    expect(await ask('GET /a%0d%0aX-Evil:1', { path: /^\/(?<all>[^]*)$/, redirect: '/b/{all}' })).toBe(
      '302 → /b/a%0D%0AX-Evil%3A1',
    );
  });
});

describe('rewrite', () => {
  const clean: Route = { path: '/blogs/:year/:month/', rewrite: '/Blogs/Posts?Year={year}&Month={month}' };

  test('hands the new address to its own action', async () => {
    expect(await ask('GET /blogs/2006/12/', { ...clean, proxy: 'told' })).toBe(
      '200 /Blogs/Posts?Year=2006&Month=12 /Blogs/Posts?Year=2006&Month=12',
    );
  });

  test('without an action the routes below see the new address, those above do not', async () => {
    const routes: Route[] = [
      { path: '/Blogs/Posts', redirect: '/never' },
      clean,
      { path: '/Blogs/Posts', proxy: 'told' },
    ];
    expect(await ask('GET /blogs/2006/12/?page=2', ...routes)).toBe(
      '200 /Blogs/Posts?Year=2006&Month=12&page=2 /Blogs/Posts?Year=2006&Month=12&page=2',
    );
  });

  test('encodes what was captured, so that it cannot add to the query', async () => {
    expect(await ask('GET /blogs/1%26admin=1/a%23b/', { ...clean, proxy: 'told' })).toContain(
      'Year=1%26admin%3D1&Month=a%23b',
    );
  });

  test('keeps the first address for the log', async () => {
    const site = await createSite(
      config({ path: '/a', rewrite: '/b' }, { rewrite: '/c' }, { app: './fixtures/tell-original.ts' }),
      context,
    );
    expect((await call(site, environOf('GET /a?x=1'))).body).toBe('/a?x=1');
  });

  test('a name that the route does not capture is found at the start', async () => {
    await expect(createSite(config({ path: '/:a', rewrite: '/{b}' }), context)).rejects.toThrow(
      "routes[0].rewrite '/{b}' uses {b}; there are {a}, {$path}",
    );
  });
});

test('a path that is no pattern is found at the start', async () => {
  await expect(createSite(config({ path: '/a/*', proxy: 'told' }), context)).rejects.toThrow(
    /routes\[0\]\.path '\/a\/\*' is no pattern/,
  );
});
