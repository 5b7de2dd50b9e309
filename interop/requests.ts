import { createHash } from 'node:crypto';
import type { Step } from './client.ts';

/** What an answer must be. Only what is written here is compared. */
export interface Expected {
  readonly status: number;
  /** A list: all values of that field, in order. Null: it must not be there. */
  readonly fields?: Readonly<Record<string, string | readonly string[] | null>>;
  /** The body; or members that its JSON must have. */
  readonly body?: string | Readonly<Record<string, unknown>>;
  /** Bytes of a body that is too long to be written here, and their SHA-1. */
  readonly sha1?: string;
  /** @default true */
  readonly complete?: boolean;
}

/** One of the fifty. Each has a connection of its own. */
export interface Request {
  readonly name: string;
  readonly methods: readonly string[];
  readonly steps: readonly Step[];
  readonly answers: readonly Expected[];
  /** Whether the server closes the connection behind the answer. */
  readonly closes?: boolean;
}

const PATTERN = '0123456789abcdef';
const sha1 = (data: string | Uint8Array): string => createHash('sha1').update(data).digest('hex');
const pattern = (count: number): string => PATTERN.repeat(count / 16 + 1).slice(0, count);
const head = (method: string, target: string, ...fields: string[]): string =>
  `${[`${method} ${target} HTTP/1.1`, 'Host: interop.test', ...fields].join('\r\n')}\r\n\r\n`;
const chunk = (data: string, extension = ''): string =>
  `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
const echoed = (method: string, body: string | Uint8Array, more: object = {}): Expected => ({
  status: 200,
  body: { method, path: '/echo', length: body.length, sha1: sha1(body), ...more },
});

/** A request without a body. */
function plain(name: string, method: string, target: string, answer: Expected, ...fields: string[]): Request {
  return { name, methods: [method], steps: [head(method, target, ...fields)], answers: [answer] };
}

/** A request with a body of known length, sent to /echo. */
function upload(name: string, method: string, body: string | Uint8Array, type = 'text/plain'): Request {
  const fields = [`Content-Type: ${type}`, `Content-Length: ${body.length}`];
  return {
    name,
    methods: [method],
    steps: [head(method, '/echo', ...fields), body],
    answers: [echoed(method, body, { type })],
  };
}

/** A chunked request, sent to /echo. */
function chunked(name: string, chunks: readonly Step[], body: string): Request {
  return {
    name,
    methods: ['POST'],
    steps: [head('POST', '/echo', 'Transfer-Encoding: chunked'), ...chunks, '0\r\n\r\n'],
    answers: [echoed('POST', body)],
  };
}

const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);
const hello: Expected = { status: 200, body: '<p>Hello, World!</p>' };
const megabyte = pattern(1 << 20);
const pieces = (count: number): string => Array.from({ length: count }, (_, i) => `piece ${i}\n`).join('');
const form = 'name=J%C3%B6rg&note=a+b';

const METHODS: readonly Request[] = [
  plain('GET the hello-world', 'GET', '/', { ...hello, fields: { 'content-type': 'text/html; charset=utf-8' } }),
  plain('HEAD has the length and no body', 'HEAD', '/bytes/1000', { status: 200, fields: { 'content-length': '1000' }, body: '' }),
  upload('POST', 'POST', 'hello'),
  upload('PUT', 'PUT', 'hello'),
  upload('PATCH', 'PATCH', 'hello'),
  plain('DELETE', 'DELETE', '/echo', echoed('DELETE', '')),
  plain('OPTIONS is the application\'s', 'OPTIONS', '/echo', echoed('OPTIONS', '')),
]; // prettier-ignore

const BODIES: readonly Request[] = [
  upload('POST of nothing', 'POST', ''),
  upload('a form', 'POST', form, 'application/x-www-form-urlencoded'),
  upload('JSON in UTF-8', 'POST', Buffer.from('{"name":"Jörg"}'), 'application/json'),
  upload('all 256 bytes', 'POST', allBytes, 'application/octet-stream'),
  upload('1 MiB', 'POST', megabyte),
  upload('5 MiB', 'PUT', pattern(5 << 20)),
  upload('DELETE with a body', 'DELETE', 'reason'),
  chunked('chunks', [chunk('one'), chunk('two'), chunk('three')], 'onetwothree'),
  chunked('1 MiB in chunks', [chunk(pattern(1 << 19)), chunk(pattern(1 << 19))], megabyte),
  chunked('chunks with extensions', [chunk('ab', ';name=value')], 'ab'),
  chunked('chunks of nothing', [], ''),
  chunked(
    'chunks that come slowly',
    [chunk('a'), { pauseMs: 150 }, '1\r', { pauseMs: 150 }, '\nb\r\n'],
    'ab',
  ),
  {
    name: 'a body that comes slowly',
    methods: ['POST'],
    steps: [head('POST', '/echo', 'Content-Length: 4'), 'ab', { pauseMs: 200 }, 'cd'],
    answers: [echoed('POST', 'abcd')],
  },
  {
    name: 'Expect: 100-continue',
    methods: ['POST'],
    steps: [
      head('POST', '/echo', 'Content-Length: 4', 'Expect: 100-continue'),
      { awaitContinue: true },
      'abcd',
    ],
    answers: [echoed('POST', 'abcd')],
  },
];

const TARGETS: readonly Request[] = [
  plain('UTF-8 in the path', 'GET', '/echo/%C3%BCber', { status: 200, body: { path: '/echo/über' } }),
  plain('an escaped slash', 'GET', '/echo/a%2Fb', { status: 200, body: { path: '/echo/a/b' } }),
  plain('an escaped space, a plus', 'GET', '/echo/a%20b+c', { status: 200, body: { path: '/echo/a b+c' } }),
  plain('a query as it was sent', 'GET', '/echo?a=1&b=%20+%2B;c&&d=', { status: 200, body: { query: 'a=1&b=%20+%2B;c&&d=' } }),
  plain('a target in absolute-form', 'GET', 'http://interop.test/echo?x', { status: 200, body: { path: '/echo', query: 'x' } }),
]; // prettier-ignore

const FIELDS: readonly Request[] = [
  plain('cookies of the client', 'GET', '/echo', { status: 200, body: { cookie: 'a=1; b=2' } }, 'Cookie: a=1; b=2'),
  plain('two cookies for the client', 'GET', '/cookies', {
    status: 200,
    fields: { 'set-cookie': ['a=1; HttpOnly; Path=/', 'b=2; expires=Wed, 21 Oct 2037 07:28:00 GMT; Path=/'] },
    body: 'two',
  }),
  plain('a field of 4000 bytes', 'GET', '/echo', { status: 200, body: { test: pattern(4000) } }, `X-Test: ${pattern(4000)}`),
  plain('thirty fields back', 'GET', '/fields', {
    status: 200,
    fields: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-field-${i}`, `value ${i}`])),
  }),
  plain('fields of this hop stay', 'GET', '/echo', { status: 200, body: { test: '' } }, 'Connection: X-Test', 'X-Test: hop'),
  plain('a range', 'GET', '/range', { status: 206, fields: { 'content-range': 'bytes 10-19/1000', 'content-length': '10' }, body: 'abcdef0123' }, 'Range: bytes=10-19'),
  plain('a range that is not there', 'GET', '/range', { status: 416, fields: { 'content-range': 'bytes */1000' } }, 'Range: bytes=2000-'),
  plain('an ETag that matches', 'GET', '/etag', { status: 304, fields: { etag: '"abc"' }, body: '' }, 'If-None-Match: "abc"'),
]; // prettier-ignore

const ANSWERS: readonly Request[] = [
  plain('an answer of nothing', 'GET', '/bytes/0', { status: 200, body: '' }),
  plain('10 MB', 'GET', '/bytes/10000000', { status: 200, sha1: sha1(pattern(10_000_000)) }),
  plain('an answer in pieces', 'GET', '/stream/10', { status: 200, body: pieces(10) }),
  plain('an answer in a thousand pieces', 'GET', '/stream/1000', { status: 200, sha1: sha1(pieces(1000)) }),
  plain('204', 'GET', '/status/204', { status: 204, body: '' }),
  plain('404', 'GET', '/status/404', { status: 404, body: 'status 404' }),
  plain('503', 'GET', '/status/503', { status: 503, body: 'status 503' }),
  plain('a redirect', 'GET', '/redirect', { status: 302, fields: { location: '/echo?moved=1' } }),
  plain('an answer that takes a second', 'GET', '/slow', { status: 200, body: 'slow' }),
  plain('an exception', 'GET', '/error', { status: 500 }),
]; // prettier-ignore

const CONNECTIONS: readonly Request[] = [
  {
    name: 'HTTP/1.0',
    methods: ['GET'],
    steps: ['GET / HTTP/1.0\r\nHost: interop.test\r\n\r\n'],
    answers: [hello],
    closes: true,
  },
  { ...plain('Connection: close', 'GET', '/', hello, 'Connection: close'), closes: true },
  {
    name: 'three requests at once',
    methods: ['GET', 'POST', 'GET'],
    steps: [`${head('GET', '/')}${head('POST', '/echo', 'Content-Length: 2')}ab${head('GET', '/bytes/16')}`],
    answers: [hello, echoed('POST', 'ab'), { status: 200, body: PATTERN }],
  },
  {
    name: 'an answer that breaks off looks so',
    methods: ['GET'],
    steps: [head('GET', '/truncated')],
    answers: [{ status: 200, complete: false }],
  },
  plain('a worker that dies', 'GET', '/die', { status: 502 }),
  {
    name: 'the next one behind it',
    methods: ['GET'],
    // The kernel takes its time to close the idle connections to a dead process; not all servers try a second one.
    steps: [{ pauseMs: 500 }, head('GET', '/')],
    answers: [hello],
  },
];

/** The fifty, in their order: the last two belong together. */
export const requests: readonly Request[] = [
  ...METHODS,
  ...BODIES,
  ...TARGETS,
  ...FIELDS,
  ...ANSWERS,
  ...CONNECTIONS,
];
