import type { Application, AsgiApplication } from '@highball/gateway-protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromAsgi, toAsgi } from '../src/index.ts';
import { get, readBody, request, respond, serve } from './support.ts';

/** There and back again. */
const twice = (app: Application): Application => fromAsgi(toAsgi(app)).application;
const twiceEvents = (app: AsgiApplication): AsgiApplication => toAsgi(fromAsgi(app).application);

/** Names are sent in lower case by the one, as they are written by the other: case means nothing (RFC 9110 §5.1). */
function normal(answer: string): string {
  const end = answer.indexOf('\r\n\r\n');
  const [status, ...fields] = answer.slice(0, end).split('\r\n');
  const lower = fields.map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase())).toSorted();
  return [status, ...lower].join('\n') + answer.slice(end);
}

/** Both are served by one server: its port is a part of what applications see. */
async function expectSame(plain: Application, behind: Application): Promise<void> {
  let app = plain;
  await using server = await serve((environ, start) => app(environ, start));
  for (const text of REQUESTS) {
    app = plain;
    const expected = normal(await server.exchange(text));
    app = behind;
    expect(normal(await server.exchange(text)), text).toBe(expected);
  }
}

const REQUESTS = [
  get('/'),
  get('/caf%C3%A9/%ff?q=%20', 'X-One: 1'),
  request('HEAD', '/'),
  request('POST', '/', ['Content-Type: text/plain'], 'line one\nline two'),
  request('POST', '/', ['Transfer-Encoding: chunked']) + '3\r\nabc\r\n0\r\n\r\n',
  'GET / HTTP/1.0\r\n\r\n',
];

const CALLS: [name: string, app: Application][] = [
  ['an array of one', (_environ, start) => (start('200 OK', [['Content-Type', 'text/plain']]), ['hello'])],
  ['an array of some', (_environ, start) => (start('200 OK', []), ['hel', '', Buffer.from('lo')])],
  ['an empty array', (_environ, start) => (start('200 OK', []), [])],
  ['no content', (_environ, start) => (start('204 No Content', []), [])],
  ['not modified', (_environ, start) => (start('304 Not Modified', [['ETag', '"x"']]), [])],
  ['a generator', (_environ, start) => (start('200 OK', []), (function* body() { yield 'a'; yield 'b'; })())],
  ['an async generator', (_environ, start) => (start('200 OK', []), (async function* body() { yield 'a'; yield 'b'; })())],
  ['a length of its own', (_environ, start) => (start('200 OK', [['Content-Length', '2']]), (function* body() { yield 'a'; yield 'b'; })())],
  ['a promise', async (_environ, start) => (start('200 OK', []), ['later'])],
  ['write()', (_environ, start) => (void start('200 OK', [])('written'), ['returned'])],
  ['repeated fields', (_environ, start) => (start('200 OK', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']]), ['x'])],
  ['an echo', async (environ, start) => (start('200 OK', []), [await environ['wsgi.input'].read()])],
  ['an echo as it comes', (environ, start) => (start('200 OK', []), environ['wsgi.input'])],
  ['its environ', ({ REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, RAW_URI, SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL, REMOTE_ADDR, CONTENT_TYPE, CONTENT_LENGTH, HTTP_X_ONE, HTTP_HOST }, start) => {
    start('200 OK', []);
    return [JSON.stringify([REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, RAW_URI, SERVER_NAME, SERVER_PORT, SERVER_PROTOCOL, REMOTE_ADDR, CONTENT_TYPE, CONTENT_LENGTH, HTTP_X_ONE, HTTP_HOST])];
  }],
  ['an error', () => { throw new Error('x'); }],
  ['an error in the middle', (_environ, start) => (start('200 OK', []), (async function* body() { yield 'a'; throw new Error('x'); })())],
  ['an error that is replaced', (_environ, start) => (start('200 OK', []), start('503 Service Unavailable', [], new Error('x')), ['sorry'])],
  ['no start', () => ['x']],
]; // prettier-ignore

test.each(CALLS)('a call-shaped application answers %s the same behind events', async (_name, app) => {
  await expectSame(app, twice(app));
});

const EVENTS: [name: string, app: AsgiApplication][] = [
  ['one piece', (_scope, _receive, send) => respond(send, 'hello')],
  ['no body', async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 204 });
    await send({ type: 'http.response.body' });
  }],
  ['pieces', async (_scope, _receive, send) => {
    await send({ type: 'http.response.start', status: 200, headers: [['set-cookie', 'a'], ['set-cookie', 'b']] });
    for (const piece of 'abc') await send({ type: 'http.response.body', body: Buffer.from(piece), more_body: true });
    await send({ type: 'http.response.body' });
  }],
  ['an echo', async (_scope, receive, send) => respond(send, await readBody(receive))],
  ['its scope', (scope, _receive, send) => {
    const { client: _client, extensions: _extensions, ...rest } = scope as unknown as Record<string, unknown>;
    const headers = (rest['headers'] as string[][]).toSorted();
    return respond(send, JSON.stringify({ ...rest, headers }));
  }],
  ['an error', async () => { throw new Error('x'); }],
]; // prettier-ignore

test.each(EVENTS)('an event-shaped application answers %s the same behind calls', async (_name, app) => {
  await expectSame(fromAsgi(app).application, fromAsgi(twiceEvents(app)).application);
});

test('any pieces arrive as they were, through any number of turns', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
      fc.integer({ min: 0, max: 3 }),
      fc.boolean(),
      async (pieces, turns, isAsync) => {
        let app: Application = (_environ, start) => {
          start('200 OK', []);
          return isAsync ? (async function* body() { yield* pieces; })() : [...pieces]; // prettier-ignore
        };
        for (let i = 0; i < turns; i++) app = twice(app);
        await using server = await serve(app);
        // To an HTTP/1.0 client the body goes as it is, to the end of the connection.
        const answer = await server.exchange('GET / HTTP/1.0\r\n\r\n');
        const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
        expect(Buffer.from(body, 'latin1').equals(Buffer.concat(pieces))).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});
