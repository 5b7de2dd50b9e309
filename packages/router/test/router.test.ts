import { type Application, interfaceOf, type Middleware } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import {
  all,
  del,
  get,
  group,
  mount,
  params,
  patch,
  post,
  put,
  route,
  router,
  RouterError,
} from '../src/index.ts';
import { ask, environOf, says, text } from './support.ts';

/** Says its name around what it wraps. */
const wrapping =
  (name: string): Middleware =>
  (app) =>
  async (environ, startResponse) => {
    const body = await app(environ, startResponse);
    return [`${name}(`, ...(body as string[]), ')'];
  };

describe('a request takes the route', () => {
  const app = router([
    get('/', says('home')),
    get('/posts/:id', (_environ, start, { id }) => text(start, `post ${id}`)),
    get('/posts/new', says('new')),
    post('/posts', says('create')),
    put('/posts/:id', (_environ, start, { id }) => text(start, `put ${id}`)),
    patch('/posts/:id', says('patch')),
    del('/posts/:id', says('delete')),
    get('/:any/:thing', says('first')),
    get('/:other/*rest', says('second')),
    route('REPORT', '/report', says('report')),
    all('/any', says('any')),
  ]);

  test.each([
    ['GET /', 'home |/'],
    ['GET /posts/5', 'post 5'],
    ['GET /posts/new', 'new |/posts/new'],
    ['POST /posts', 'create |/posts'],
    ['PUT /posts/new', 'put new'],
    ['PATCH /posts/5', 'patch |/posts/5'],
    ['DELETE /posts/5', 'delete |/posts/5'],
    ['GET /a/b', 'first |/a/b'],
    ['GET /a/b/c', 'second |/a/b/c'],
    ['REPORT /report', 'report |/report'],
    ['PURGE /any', 'any |/any'],
    ['OPTIONS /any', 'any |/any'],
  ])('of %s', async (request, body) => {
    expect(await ask(app, request)).toMatchObject({ status: 200, body });
  });

  test('that stands first, whichever of them knows the first segment', async () => {
    const mixed = router([
      get('/a/:known', says('a')),
      get('/:any/one', says('any')),
      get('/a/*rest', says('rest')),
      get('/b/:known', says('b')),
      get('/*all', says('all')),
    ]);
    expect((await ask(mixed, 'GET /a/one')).body).toBe('a |/a/one');
    expect((await ask(mixed, 'GET /b/one')).body).toBe('any |/b/one');
    expect((await ask(mixed, 'GET /b/two')).body).toBe('b |/b/two');
    expect((await ask(mixed, 'GET /a/two/three')).body).toBe('rest |/a/two/three');
    expect((await ask(mixed, 'GET /b/two/three')).body).toBe('all |/b/two/three');
    expect((await ask(mixed, 'GET /c')).body).toBe('all |/c');
  });

  test('of GET for HEAD, but for one of its own', async () => {
    const own = router([
      get('/a', says('get')),
      route('HEAD', '/a', says('head')),
      get('/b/:c', says('get')),
    ]);
    expect((await ask(own, 'HEAD /a')).body).toBe('head |/a');
    expect((await ask(own, 'HEAD /b/c')).body).toBe('get |/b/c');
  });

  test('by its path as text', async () => {
    const text = router([
      get('/caf\u00e9', says('static')),
      get('/th\u00e9/:kind', (_, start, { kind }) => [start('200 OK', []) && kind]),
    ]);
    expect((await ask(text, 'GET /caf%C3%A9')).status).toBe(200);
    expect((await ask(text, 'GET /th%C3%A9/%E2%82%AC')).body).toBe('\u20ac');
  });

  test('and is answered synchronously by a synchronous application', () => {
    const body = app(environOf('GET /posts/5'), () => () => undefined);
    expect(body).toEqual(['post 5']);
  });
});

describe('the router itself answers', () => {
  const app = router([
    get('/posts', says('list')),
    post('/posts', says('create')),
    get('/posts/:id', says('one')),
    del('/posts/:id', says('delete')),
    put('/posts/draft', says('draft')),
  ]);

  test('404 for a path without a route', async () => {
    expect(await ask(app, 'GET /nowhere')).toMatchObject({ status: 404, body: '404 Not Found\n' });
    expect((await ask(app, 'CONNECT /', { PATH_INFO: '' })).status).toBe(404);
  });

  test('405 with Allow for another method, of all routes of the path', async () => {
    expect(await ask(app, 'DELETE /posts')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, POST, OPTIONS' },
    });
    expect((await ask(app, 'PATCH /posts/draft')).headers['allow']).toBe('PUT, GET, HEAD, DELETE, OPTIONS');
  });

  test('OPTIONS with Allow, for a path and for the server', async () => {
    expect(await ask(app, 'OPTIONS /posts')).toEqual({
      status: 204,
      headers: { allow: 'GET, HEAD, POST, OPTIONS' },
      body: '',
    });
    expect(await ask(app, 'OPTIONS *', { PATH_INFO: '' })).toMatchObject({
      status: 204,
      headers: { allow: 'GET, HEAD, POST, PUT, DELETE, OPTIONS' },
    });
    expect((await ask(app, 'OPTIONS /nowhere')).status).toBe(404);
  });

  test('400 for a path that is no UTF-8', async () => {
    expect(await ask(app, 'GET /posts/%ff')).toMatchObject({ status: 400, body: '400 Bad Request\n' });
  });

  test('or whoever it was told to ask', async () => {
    const own = router([get('/a', says('a'))], {
      notFound: says('next'),
      badRequest: says('bad'),
      methodNotAllowed: (_environ, start, allowed) => text(start, `only ${allowed.join()}`),
    });
    expect((await ask(own, 'GET /b')).body).toBe('next |/b');
    expect((await ask(own, 'GET /%ff')).body).toBe('bad |/\u00ff');
    expect((await ask(own, 'POST /a')).body).toBe('only GET,HEAD,OPTIONS');
  });
});

describe('a mounted application', () => {
  const app = router([
    mount('/admin', says('admin')),
    mount('/caf\u00e9', says('caf\u00e9')),
    mount(
      '/users/:user',
      router([
        get('/', says('user')),
        get('/posts/:id', (environ, start) => text(start, JSON.stringify(params(environ)))),
      ]),
    ),
    get('/admin/before', says('literal')),
    get('/admin/*after', says('never')),
  ]);

  test.each([
    ['GET /admin', 'admin /admin|'],
    ['GET /admin/', 'admin /admin|/'],
    ['POST /admin/a/b', 'admin /admin|/a/b'],
    ['OPTIONS /admin/a', 'admin /admin|/a'],
    ['GET /admin/before', 'literal |/admin/before'],
    ['GET /caf%C3%A9/%C3%A9', 'caf\u00e9 /caf\u00c3\u00a9|/\u00c3\u00a9'],
    ['GET /users/ada', 'user /users/ada|'],
    ['GET /users/ada/', 'user /users/ada|/'],
    ['GET /users/ada/posts/5', '{"user":"ada","id":"5"}'],
  ])('sees in %s its own path', async (request, body) => {
    expect(await ask(app, request)).toMatchObject({ status: 200, body });
  });

  test('is not asked for what only begins like it', async () => {
    expect((await ask(app, 'GET /administrator')).status).toBe(404);
  });

  test('stands below the mount point of the server', async () => {
    expect((await ask(app, 'GET /admin/a', { SCRIPT_NAME: '/site' })).body).toBe('admin /site/admin|/a');
  });

  test('leaves the environ of those outside as it was', async () => {
    const environ = environOf('GET /admin/a');
    app(environ, () => () => undefined);
    expect(environ).toEqual(environOf('GET /admin/a'));
  });
});

describe('middleware', () => {
  test('of a route wraps that route, the first outside, and knows the parameters', async () => {
    const seen: unknown[] = [];
    const watch: Middleware = (app) => (environ, startResponse) => {
      seen.push(params<'/a/:id'>(environ).id);
      return app(environ, startResponse);
    };
    const app = router([
      get('/a/:id', says('a'), watch, wrapping('outer'), wrapping('inner')),
      get('/b', says('b')),
    ]);
    expect((await ask(app, 'GET /a/7')).body).toBe('outer(inner(a |/a/7))');
    expect((await ask(app, 'GET /b')).body).toBe('b |/b');
    expect(seen).toEqual(['7']);
  });

  test('of a group wraps all of its routes, outside of their own', async () => {
    const app = router([
      get('/open', says('open')),
      group([wrapping('group')], [get('/a', says('a'), wrapping('own')), mount('/m', says('m'))]),
    ]);
    expect((await ask(app, 'GET /a')).body).toBe('group(own(a |/a))');
    expect((await ask(app, 'GET /m/x')).body).toBe('group(m /m|/x)');
    expect((await ask(app, 'GET /open')).body).toBe('open |/open');
  });

  test('a router is one itself, when it goes on to another application', async () => {
    const routes: Middleware = (next) => router([get('/a', says('a'))], { notFound: next });
    expect((await ask(routes(says('next')), 'GET /elsewhere')).body).toBe('next |/elsewhere');
  });
});

describe('a slash at the end', () => {
  const routes = [
    get('/a', says('a')),
    get('/b/', says('b')),
    get('/caf\u00e9/:name', says('c')),
    get('/*all/end/', says('e')),
  ];

  test('makes another path, by default', async () => {
    const app = router(routes);
    expect((await ask(app, 'GET /a/')).status).toBe(404);
    expect((await ask(app, 'GET /b')).status).toBe(404);
    expect((await ask(app, 'GET /b/')).status).toBe(200);
  });

  test('can be ignored', async () => {
    const app = router(routes, { trailingSlash: 'ignore' });
    expect((await ask(app, 'GET /a/')).body).toBe('a |/a/');
    expect((await ask(app, 'GET /b')).body).toBe('b |/b');
    expect((await ask(app, 'GET /caf%C3%A9/x/')).status).toBe(200);
  });

  test('can lead to the path that there is, with its query', async () => {
    const app = router(routes, { trailingSlash: 'redirect' });
    const location = async (request: string, mountedAt = ''): Promise<[number, string | undefined]> => {
      const { status, headers } = await ask(app, request, { SCRIPT_NAME: mountedAt });
      return [status, headers['location']];
    };
    expect(await location('GET /a/?b=c')).toEqual([308, '/a?b=c']);
    expect(await location('GET /b')).toEqual([308, '/b/']);
    expect(await location('GET /a/', '/site')).toEqual([308, '/site/a']);
    expect(await location('GET /caf%C3%A9/%3F%23%5C%25/')).toEqual([308, '/caf%C3%A9/%3F%23%5C%25']);
    expect(await location('GET /elsewhere/')).toEqual([404, undefined]);
    expect(await location('POST /a/')).toEqual([404, undefined]);
  });

  test('never leads to another server', async () => {
    const app = router(routes, { trailingSlash: 'redirect' });
    expect((await ask(app, 'GET //evil.example/end')).status).toBe(404);
  });
});

test('upper and lower case can be one', async () => {
  const app = router(
    [get('/About', says('about')), get('/Posts/:id', says('post')), mount('/Admin', says('admin'))],
    {
      caseSensitive: false,
    },
  );
  expect((await ask(app, 'GET /aBOUT')).status).toBe(200);
  expect((await ask(app, 'GET /pOSTS/A')).status).toBe(200);
  expect((await ask(app, 'GET /aDMIN/X')).body).toBe('admin /aDMIN|/X');
  expect((await ask(app, 'PUT /about')).headers['allow']).toBe('GET, HEAD, OPTIONS');
});

test('a router is marked as a call-shaped application', () => {
  expect(interfaceOf(router([]))).toBe('wsgi');
});

test('parameters are none where no route has brought some', () => {
  expect(params(environOf('GET /'))).toEqual({});
});

test.each<[string, () => Application]>([
  ['BAD_METHOD', () => router([route('get', '/', says('a'))])],
  ['BAD_METHOD', () => router([route('GET /', '/', says('a'))])],
  ['BAD_PATTERN', () => router([get('a', says('a'))])],
  ['DUPLICATE_ROUTE', () => router([get('/a/:b', says('a')), get('/a/:b', says('b'))])],
  ['DUPLICATE_ROUTE', () => router([get('/A', says('a')), get('/a', says('b'))], { caseSensitive: false })],
  ['BAD_OPTION', () => router([], { trailingSlash: 'maybe' as never })],
])('%s is said when the router is made', (code, make) => {
  expect(make).toThrow(expect.objectContaining({ name: 'RouterError', code }));
  expect(make).toThrow(RouterError);
});
