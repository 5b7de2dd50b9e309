import { createWorker, type Worker } from '@highball/async-worker';
import { exchange } from '@highball/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get, mount, post, router } from '../src/index.ts';
import { says, text } from './support.ts';

let worker: Worker;
let port: number;
const app = router(
  [
    get('/posts/:id', (_environ, start, { id }) => text(start, `post ${id}`)),
    post('/posts', async (environ, start) => text(start, String(await environ['wsgi.input'].read()))),
    mount('/site', router([get('/', says('root'))], { trailingSlash: 'redirect' })),
  ],
  { trailingSlash: 'redirect' },
);

beforeAll(async () => {
  worker = createWorker(app);
  ({ port } = (await worker.listen({ port: 0, host: '127.0.0.1' })) as { port: number });
});
afterAll(() => worker.close());

test.each([
  ['GET /posts/caf%C3%A9', /^HTTP\/1.1 200 [^]*post caf\u00c3\u00a9$/],
  ['HEAD /posts/5', /^HTTP\/1.1 200 [^]*Content-Length: 6\r\n[^]*\r\n\r\n$/],
  ['GET /posts/5/?a=b', /^HTTP\/1.1 308 [^]*Location: \/posts\/5\?a=b\r\n/],
  ['GET http://localhost/posts/5', /post 5$/],
  ['GET /site', /root \/site\|$/],
  ['GET /posts/%ff', /^HTTP\/1.1 400 /],
  ['GET /posts', /^HTTP\/1.1 405 [^]*Allow: POST, OPTIONS\r\n/],
  ['OPTIONS *', /^HTTP\/1.1 204 [^]*Allow: POST, GET, HEAD, OPTIONS\r\n/],
  ['GET /nowhere', /^HTTP\/1.1 404 /],
])('%s over the wire', async (request, answer) => {
  const head = `${request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  expect(await exchange(port, head)).toMatch(answer);
});

test('a body reaches its handler', async () => {
  const head = 'POST /posts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\n';
  expect(await exchange(port, `${head}Hello`)).toMatch(/Hello$/);
});
