import type { Environ, InputStream } from '@highball/gateway-protocol';
import { createBlog } from '../src/app.ts';

/** What the blog answered. */
export interface Answer {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** What a request brings along besides its address. */
export interface RequestParts {
  type?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  environ?: Partial<Environ>;
}

export type Client = (request: string, parts?: RequestParts) => Promise<Answer>;

/** Calls the blog as a server does: without one. */
export function client(folder: string): Client {
  const app = createBlog(folder);
  return async (request, parts = {}) => {
    const answer = { status: 0, headers: new Map<string, string>(), body: '' };
    const body = await app(environOf(request, parts), (status, headers) => {
      answer.status = Number(status.slice(0, 3));
      answer.headers = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
      return () => undefined;
    });
    for await (const chunk of body) answer.body += Buffer.from(chunk as string).toString();
    return answer;
  };
}

function environOf(request: string, { type, body = '', headers = {}, environ }: RequestParts): Environ {
  const [method = 'GET', target = '/'] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  const fields = Object.entries(headers).map(([name, value]) => [
    `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
    value,
  ]);
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: '',
    PATH_INFO: path,
    QUERY_STRING: query,
    SERVER_NAME: 'localhost',
    SERVER_PORT: '8000',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'localhost:8000',
    ...(type !== undefined && { CONTENT_TYPE: type }),
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': inputOf(Buffer.from(body as string)),
    'wsgi.errors': { write: () => undefined, writelines: () => undefined, flush: () => undefined },
    'wsgi.multithread': false,
    'wsgi.multiprocess': true,
    'wsgi.run_once': false,
    ...Object.fromEntries(fields),
    ...environ,
  };
}

/** The body of a request, in pieces as a network has them. */
function inputOf(bytes: Uint8Array): InputStream {
  return {
    read: (size = bytes.length) => Promise.resolve(bytes.subarray(0, size)),
    readline: () => Promise.reject(new Error('not needed here')),
    readlines: () => Promise.reject(new Error('not needed here')),
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
  };
}

/** A form without files. */
export function form(fields: Record<string, string>): RequestParts {
  return { type: 'application/x-www-form-urlencoded', body: new URLSearchParams(fields).toString() };
}

/** A form with one file in it. */
export function multipart(content: Uint8Array, name = 'a.png'): RequestParts {
  const head = `--xx\r\nContent-Disposition: form-data; name="picture"; filename="${name}"\r\nContent-Type: image/png\r\n\r\n`;
  return {
    type: 'multipart/form-data; boundary=xx',
    body: Buffer.concat([Buffer.from(head), content, Buffer.from('\r\n--xx--\r\n')]),
  };
}

/** A PNG of one pixel. */
export const png: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
