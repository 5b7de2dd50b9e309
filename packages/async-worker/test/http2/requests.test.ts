import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import type { WorkerOptions } from '../../src/index.ts';
import { echoBody, serve, until } from '../support.ts';
import {
  block,
  collect,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  requestLine,
  serveHttp2,
  type TestHttp2,
} from './support.ts';

/** A server that keeps what its application is given. */
async function keeping(options?: WorkerOptions): Promise<{ server: TestHttp2; environs: Environ[] }> {
  const environs: Environ[] = [];
  const server = await serveHttp2((environ, start) => {
    environs.push(environ);
    start('200 OK', []);
    return ['x'];
  }, options);
  return { server, environs };
}

describe('environ', () => {
  test('has the pseudo-fields in the places of a request line', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({
      ':path': '/a%20b?q=1',
      ':method': 'DELETE',
      ':authority': 'example.org:81',
      'x-a': 'b',
    });
    expect(environs[0]).toMatchObject({
      REQUEST_METHOD: 'DELETE',
      PATH_INFO: '/a b',
      QUERY_STRING: 'q=1',
      RAW_URI: '/a%20b?q=1',
      SERVER_PROTOCOL: 'HTTP/2',
      HTTP_HOST: 'example.org:81',
      SERVER_NAME: 'example.org',
      SERVER_PORT: '81',
      HTTP_X_A: 'b',
      REMOTE_ADDR: '127.0.0.1',
    });
    expect(Object.keys(environs[0]!).filter((key) => key.includes(':'))).toEqual([]);
  });

  test('takes the scheme from the connection, whatever the client says', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({ ':scheme': 'https' });
    expect(environs[0]).toMatchObject({ 'wsgi.url_scheme': 'http', SERVER_PORT: String(server.port) });
    expect(environs[0]).not.toHaveProperty('HTTPS');
  });

  test('joins the pieces of a cookie again (RFC 9113 §8.2.3)', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({ cookie: ['a=1', 'b=2'] });
    expect(environs[0]!['HTTP_COOKIE']).toBe('a=1; b=2');
  });

  test('has values as latin-1, one character a byte', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({ 'x-name': 'Zo\u00c3\u00ab' });
    expect(environs[0]!['HTTP_X_NAME']).toBe('Zo\u00c3\u00ab');
  });

  test('offers no upgrade: there is no connection to be taken over', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask();
    expect(environs[0]!['highball.upgrade']).toBeUndefined();
  });

  test('drops names with an underscore, as from HTTP/1.1', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({ x_real_user: 'root' });
    expect(environs[0]).not.toHaveProperty('HTTP_X_REAL_USER');
  });
});

describe('a body', () => {
  test('is read as it comes, and its length is known where the client says it', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    await server.ask({ ':method': 'POST', 'content-length': '3' }, 'abc');
    await server.ask({ ':method': 'POST' }, 'abc');
    expect(environs.map((environ) => environ.CONTENT_LENGTH)).toEqual(['3', undefined]);
    expect(environs.map((environ) => environ.HTTP_TRANSFER_ENCODING)).toEqual([undefined, 'chunked']);
  });

  test('of 10 MB reaches the application whole', async () => {
    let bytes = 0;
    await using server = await serveHttp2(async (environ, start) => {
      for await (const chunk of environ['wsgi.input']) bytes += chunk.length;
      start('200 OK', []);
      return [String(bytes)];
    });
    const { body } = await server.ask({ ':method': 'PUT' }, Buffer.alloc(10_000_000, 'x'));
    expect(body).toBe('10000000');
  });

  test('waits with the client while the application does not read', async () => {
    let go: (() => void) | undefined;
    await using server = await serveHttp2(async (environ, start) => {
      await new Promise<void>((resolve) => (go = resolve));
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [String(body.length)];
    });
    const stream = server.session.request({ ':path': '/', ':method': 'PUT' });
    const answer = collect(stream);
    stream.end(Buffer.alloc(2_000_000));
    await until(() => go !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stream.writableLength).toBeGreaterThan(1_000_000);
    go?.();
    expect((await answer).body).toBe('2000000');
  });

  test('may be followed by trailers', async () => {
    await using server = await serveHttp2(async (environ, start) => {
      await environ['wsgi.input'].read();
      start('200 OK', []);
      return [JSON.stringify(environ['highball.trailers']?.())];
    });
    const stream = server.session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '3' }));
    stream.end('abc');
    expect((await collect(stream)).body).toBe('[["x-sum","3"]]');
  });

  test('that is shorter than it says breaks the stream, and the reader is told', async () => {
    let failed: unknown;
    await using server = await serveHttp2(async (environ) => {
      await environ['wsgi.input'].read().catch((error: unknown) => (failed = error));
      throw failed;
    });
    const answer = await server.ask({ ':method': 'POST', 'content-length': '10' }, 'abc');
    expect(answer.code).not.toBe(0);
    expect(answer.fields[':status']).toBeUndefined();
    await until(() => failed !== undefined);
    expect(failed).toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('that a reset without an error cuts short does not look whole', async () => {
    let outcome: unknown;
    await using server = await serve(async (environ) => {
      outcome = await environ['wsgi.input'].read().catch((error: unknown) => error);
      return [];
    });
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, END_HEADERS, 1, block(...requestLine('/', 'POST'))));
    client.send(frame(FRAME.data, 0, 1, 'abc'), frame(FRAME.reset, 0, 1, Buffer.alloc(4)));
    await until(() => outcome !== undefined);
    expect(outcome).toMatchObject({ code: 'CLIENT_GONE' });
  });

  test('that is too long is refused, by what it says and by what it is', async () => {
    await using server = await serveHttp2(echoBody, { maxBodyBytes: 1000 });
    const said = await server.ask({ ':method': 'POST', 'content-length': '1001' }, 'x'.repeat(1001));
    const was = await server.ask({ ':method': 'POST' }, 'x'.repeat(1001));
    expect([said.fields[':status'], was.fields[':status']]).toEqual([413, 413]);
    expect((await server.ask({ ':method': 'POST' }, 'x'.repeat(1000))).body).toHaveLength(1000);
  });
});

describe('a request is refused', () => {
  const refused: [string, (readonly [string, string])[], number][] = [
    ['with another Host than authority', [...requestLine(), ['host', 'evil.example']], 400],
    [
      'with an authority that is none',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '/'],
        [':authority', 'a,b'],
      ],
      400,
    ],
    ['with a fragment', [...requestLine('/#a')], 400],
    ['with a method that nobody knows', [...requestLine('/', 'BREW')], 501],
    ['with two types', [...requestLine(), ['content-type', 'a/b'], ['content-type', 'a/b']], 400],
    ['with an escape that is none', [...requestLine('/%zz')], 400],
    [
      'with too many fields',
      [...requestLine(), ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, ''] as const)],
      431,
    ],
    ['with a field that is too long', [...requestLine(), ['x-long', 'x'.repeat(8190)]], 431],
    ['with a path that is too long', [...requestLine(`/${'x'.repeat(8190)}`)], 414],
  ];

  test.each(refused)('%s', async (_, fields, status) => {
    await using server = await serve(() => {
      throw new Error('the application was called');
    });
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...fields)));
    const page = await client.until(({ type, stream }) => type === FRAME.data && stream === 1);
    expect(page.payload.toString()).toMatch(new RegExp(`^${status} `));
    // The connection goes on.
    expect(server.worker.stats().connections).toBe(1);
  });

  const reset: [string, (readonly [string, string])[]][] = [
    ['a name in upper case', [...requestLine(), ['X-A', 'b']]],
    ['Connection', [...requestLine(), ['connection', 'close']]],
    ['Transfer-Encoding', [...requestLine(), ['transfer-encoding', 'chunked']]],
    ['TE with another coding than trailers', [...requestLine(), ['te', 'gzip']]],
    ['no method', requestLine().filter(([name]) => name !== ':method')],
    ['no path', requestLine().filter(([name]) => name !== ':path')],
    [
      'a pseudo-field behind a field',
      [...requestLine().slice(0, 3), ['a', 'b'], [':authority', 'example.org']],
    ],
    ['a pseudo-field that is none', [...requestLine(), [':protocol', 'websocket']]],
    ['no host', requestLine().filter(([name]) => name !== ':authority')],
    ['an address for a path', requestLine('http://example.org/')],
    ['an asterisk for GET', requestLine('*')],
    ['two lengths', [...requestLine(), ['content-length', '0'], ['content-length', '0']]],
    ['a length and no body', [...requestLine(), ['content-length', '3']]],
  ];

  test.each(reset)('as malformed: %s', async (_, fields) => {
    let called = false;
    await using server = await serve(() => ((called = true), []));
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...fields)));
    expect(await client.code(1)).toBe(1);
    expect(called).toBe(false);
  });

  test('a HEAD gets a page without its body', async () => {
    await using server = await serveHttp2(() => []);
    const answer = await server.ask({ ':method': 'HEAD', ':path': '/%zz' });
    expect(answer).toMatchObject({ fields: { ':status': 400, 'content-length': '16' }, body: '', code: 0 });
    expect((await server.ask()).fields[':status']).toBe(500);
  });

  test('trailers that must not be any', async () => {
    let failed: unknown;
    await using server = await serveHttp2(async (environ) => {
      await environ['wsgi.input'].read().catch((error: unknown) => (failed = error));
      return [];
    });
    const stream = server.session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ authorization: 'me' }));
    stream.end('abc');
    expect((await collect(stream)).fields[':status']).toBe(400);
    expect(failed).toMatchObject({ code: 'REQUEST_MALFORMED' });
  });

  test('CONNECT: there are no tunnels in a stream', async () => {
    await using server = await serve(() => []);
    const client = await FrameClient.connect(server);
    const fields = block([':method', 'CONNECT'], [':authority', 'example.org:443']);
    client.send(frame(FRAME.headers, END_HEADERS, 1, fields));
    const page = await client.until(({ type, stream }) => type === FRAME.data && stream === 1);
    expect(page.payload.toString()).toBe('501 Not Implemented\n');
  });

  test('no control character reaches the application', async () => {
    const { server, environs } = await keeping();
    await using _ = server;
    const client = await FrameClient.connect(server);
    const fields = block(...requestLine(), ['x-a', 'b\r\nx-evil: c'], ['x-b', 'c\0']);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, fields));
    await client.until(({ stream }) => stream === 1);
    expect(environs.flatMap((environ) => [environ['HTTP_X_A'], environ['HTTP_X_B']].filter(Boolean))).toEqual(
      [],
    );
  });
});
