import { createHash } from 'node:crypto';
import {
  type Application,
  decodePath,
  type Environ,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { app as tutorial } from './hello-world.ts';

type Route = (
  argument: string,
  environ: Environ,
  startResponse: StartResponse,
) => ResponseBody | Promise<ResponseBody>;

const bytes = (count: number): string => '0123456789abcdef'.repeat(count / 16 + 1).slice(0, count);
const BINARY: [string, string] = ['Content-Type', 'application/octet-stream'];
const TEXT: [string, string] = ['Content-Type', 'text/plain'];

async function echo(_: string, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
  const body = await environ['wsgi.input'].read();
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  const facts = {
    method: environ.REQUEST_METHOD,
    path: decodePath(environ.PATH_INFO),
    query: environ.QUERY_STRING,
    type: environ.CONTENT_TYPE ?? '',
    length: body.length,
    sha1: createHash('sha1').update(body).digest('hex'),
    test: environ['HTTP_X_TEST'] ?? '',
    cookie: environ.HTTP_COOKIE ?? '',
  };
  return [JSON.stringify(facts)];
}

function range(_: string, environ: Environ, startResponse: StartResponse): ResponseBody {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(environ.HTTP_RANGE ?? '') ?? [];
  if (from === undefined) {
    startResponse('200 OK', [BINARY, ['Accept-Ranges', 'bytes']]);
    return [bytes(1000)];
  }
  const first = Number(from);
  const last = Math.min(Number(to || 999), 999);
  if (first > last) {
    startResponse('416 Range Not Satisfiable', [['Content-Range', 'bytes */1000']]);
    return [];
  }
  startResponse('206 Partial Content', [BINARY, ['Content-Range', `bytes ${first}-${last}/1000`]]);
  return [bytes(1000).slice(first, last + 1)];
}

const routes: Record<string, Route> = {
  '': (_, environ, startResponse) => tutorial(environ, startResponse),
  echo,
  range,
  bytes(count, _, startResponse) {
    startResponse('200 OK', [BINARY]);
    return [bytes(Number(count))];
  },
  async stream(count, _, startResponse) {
    startResponse('200 OK', [TEXT]);
    return (async function* pieces() {
      for (let i = 0; i < Number(count); i++) yield `piece ${i}\n`;
    })();
  },
  status(code, _, startResponse) {
    startResponse(`${code} Status`, [TEXT]);
    return code === '204' || code === '304' ? [] : [`status ${code}`];
  },
  redirect(_, __, startResponse) {
    startResponse('302 Found', [['Location', '/echo?moved=1']]);
    return [];
  },
  cookies(_, __, startResponse) {
    startResponse('200 OK', [
      ['Set-Cookie', 'a=1; HttpOnly; Path=/'],
      ['Set-Cookie', 'b=2; expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/'],
    ]);
    return ['two'];
  },
  fields(_, __, startResponse) {
    startResponse(
      '200 OK',
      Array.from({ length: 30 }, (___, i) => [`X-Field-${i}`, `value ${i}`]),
    );
    return ['fields'];
  },
  etag(_, environ, startResponse) {
    const fresh = environ.HTTP_IF_NONE_MATCH === '"abc"';
    startResponse(fresh ? '304 Not Modified' : '200 OK', [['ETag', '"abc"']]);
    return fresh ? [] : ['tagged'];
  },
  async slow(_, __, startResponse) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    startResponse('200 OK', [TEXT]);
    return ['slow'];
  },
  error() {
    throw new Error('as asked for');
  },
  truncated(_, __, startResponse) {
    startResponse('200 OK', [['Content-Length', '1000']]);
    return ['0123456789'];
  },
  die() {
    process.kill(process.pid, 'SIGKILL');
    return [];
  },
};

/** What the fifty requests ask for, beside the hello-world of the page. */
export const app: Application = (environ, startResponse) => {
  const [, name = '', argument = ''] = environ.PATH_INFO.split('/');
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route !== undefined) return route(argument, environ, startResponse);
  startResponse('404 Not Found', [TEXT]);
  return ['nothing here'];
};
