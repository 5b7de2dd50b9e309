import type { Application, HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { deferred, echoPath, serve, until } from '../support.ts';
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
} from './support.ts';

function answering(status: string, headers: HeaderList, ...pieces: (string | Uint8Array)[]): Application {
  return (_environ, start) => {
    start(status, headers);
    return pieces;
  };
}

/** The frames that answer a GET. */
async function framesOf(app: Application): Promise<string[]> {
  await using server = await serve(app);
  const client = await FrameClient.connect(server);
  client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine())));
  await client.until(({ stream, flags, type }) => stream === 1 && (flags & END_STREAM) !== 0 && type < 2);
  const ours = client.frames.filter(({ stream }) => stream === 1);
  return ours.map(({ type, flags, payload }) => {
    const what = type === FRAME.data ? payload.toString() : 'HEADERS';
    return flags & END_STREAM ? `${what} end` : what;
  });
}

describe('a head', () => {
  test('has the status, the server’s own fields, and the length of a whole body', async () => {
    await using server = await serveHttp2(answering('404 Not Found', [['X-A', 'b']], 'no', 'thing'));
    const { fields, body } = await server.ask();
    expect(fields).toMatchObject({ ':status': 404, 'x-a': 'b', server: 'highball', 'content-length': '7' });
    expect(fields.date).toMatch(/GMT$/);
    expect(body).toBe('nothing');
  });

  test('keeps Date and Server of the application', async () => {
    const headers: HeaderList = [['Date', 'today'], ['SERVER', 'mine']]; // prettier-ignore
    await using server = await serveHttp2(answering('200 OK', headers, 'x'));
    expect((await server.ask()).fields).toMatchObject({ date: 'today', server: 'mine' });
  });

  test('repeats a field that the application repeats', async () => {
    const headers: HeaderList = [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['Vary', 'a'], ['vary', 'b']]; // prettier-ignore
    await using server = await serveHttp2(answering('200 OK', headers, 'x'));
    expect((await server.ask()).fields).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], vary: 'a, b' });
  });

  test('leaves out what is about a connection, and white space around values', async () => {
    const headers: HeaderList = [['Upgrade', 'TLS/1.3'], ['X-A', ' b\t']]; // prettier-ignore
    await using server = await serveHttp2(answering('426 Upgrade Required', headers, 'x'));
    const { fields } = await server.ask();
    expect(fields).toMatchObject({ ':status': 426, 'x-a': 'b' });
    expect(fields).not.toHaveProperty('upgrade');
  });

  test('Connection: close ends the connection behind the answers under way', async () => {
    await using server = await serveHttp2(answering('200 OK', [['Connection', 'close']], 'x'));
    const { fields, body } = await server.ask();
    expect([fields.connection, body]).toEqual([undefined, 'x']);
    await until(() => server.worker.stats().connections === 0);
  });

  test.each([
    ['a field of the connection', '200 OK', [['Keep-Alive', 'x']], 'SERVER_FIELD'],
    ['a value with a line break', '200 OK', [['X-A', 'b\r\nc']], 'BAD_VALUE'],
    ['a status of 1xx', '100 Continue', [], 'BAD_STATUS'],
    ['a status that HTTP/2 has not', '999 Odd', [], 'ERR_HTTP2_STATUS_INVALID'],
  ] as const)('%s is the application’s fault', async (_, status, headers, code) => {
    await using server = await serveHttp2(answering(status, headers as unknown as HeaderList, 'x'));
    expect((await server.ask()).fields[':status']).toBe(500);
    expect(server.log.codes()).toEqual([code]);
  });

  test('103 goes ahead of it', async () => {
    await using server = await serveHttp2((environ, start) => {
      environ['wsgi.early_hints']?.([['Link', '</a.css>; rel=preload']]);
      start('200 OK', []);
      return ['x'];
    });
    const { hints, fields } = await server.ask();
    expect(hints).toMatchObject([{ ':status': 103, link: '</a.css>; rel=preload' }]);
    expect(fields[':status']).toBe(200);
  });

  test('100 is sent to a client that waits for it, when the body is read', async () => {
    await using server = await serveHttp2(async (environ, start) => {
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const stream = server.session.request({ ':path': '/', ':method': 'POST', expect: '100-continue' });
    stream.once('continue', () => stream.end('abc'));
    expect((await collect(stream)).body).toBe('abc');
  });
});

describe('a body', () => {
  test('of one piece has its end in the same frame', async () => {
    expect(await framesOf(answering('200 OK', [], 'hello'))).toEqual(['HEADERS', 'hello end']);
  });

  test('of nothing ends with the head', async () => {
    expect(await framesOf(answering('200 OK', []))).toEqual(['HEADERS end']);
    expect(await framesOf(answering('204 No Content', []))).toEqual(['HEADERS end']);
    expect(await framesOf(answering('304 Not Modified', [['ETag', '"a"']], 'ignored'))).toEqual([
      'HEADERS end',
    ]);
  });

  test('is not sent to HEAD, which gets what GET would', async () => {
    await using server = await serveHttp2(answering('200 OK', [], 'hello'));
    const { fields, body } = await server.ask({ ':method': 'HEAD' });
    expect([fields['content-length'], body]).toEqual(['5', '']);
  });

  test('each piece leaves before the next is asked for', async () => {
    const more = deferred();
    await using server = await serveHttp2((_environ, start) => {
      start('200 OK', []);
      return (async function* body() {
        yield 'one';
        await more.promise;
        yield 'two';
      })();
    });
    const stream = server.session.request({ ':path': '/' });
    const answer = collect(stream);
    await new Promise((resolve) => stream.once('data', resolve));
    more.resolve();
    expect((await answer).body).toBe('onetwo');
  });

  test('the head can be sent before there is a body', async () => {
    const more = deferred();
    await using server = await serveHttp2(async (environ, start) => {
      start('200 OK', []);
      environ['highball.send_head']?.();
      await more.promise;
      return ['x'];
    });
    const stream = server.session.request({ ':path': '/' });
    const answer = collect(stream);
    await new Promise((resolve) => stream.once('response', resolve));
    more.resolve();
    expect((await answer).body).toBe('x');
  });

  test.each([
    ['longer', ['abc', 'def'], 'BODY_TOO_LONG'],
    ['shorter', ['abc'], 'BODY_TOO_SHORT'],
  ])('that is %s than promised does not look complete', async (_, pieces, code) => {
    await using server = await serveHttp2((_environ, start) => {
      start('200 OK', [['Content-Length', '5']]);
      return pieces.values();
    });
    const answer = await server.ask();
    expect([answer.fields[':status'], answer.code]).toEqual([200, 2]);
    expect(server.log.codes()).toEqual([code]);
  });

  test('that fails on the way does not look complete, and the connection goes on', async () => {
    await using server = await serveHttp2((environ, start) => {
      if (environ.PATH_INFO === '/well') return echoPath(environ, start);
      start('200 OK', []);
      return (function* body() {
        yield 'one';
        throw new Error('no more');
      })();
    });
    const broken = await server.ask();
    expect([broken.fields[':status'], broken.body, broken.code]).toEqual([200, 'one', 2]);
    expect((await server.ask({ ':path': '/well' })).body).toBe('/well');
    expect(server.records.map(({ complete }) => complete)).toEqual([false, true]);
  });

  test('a failing application is answered for', async () => {
    await using server = await serveHttp2(() => {
      throw new Error('no');
    });
    expect(await server.ask()).toMatchObject({
      fields: { ':status': 500 },
      body: '500 Internal Server Error\n',
      code: 0,
    });
  });

  test('close is called, also when the client leaves', async () => {
    let closed = 0;
    const begun = deferred();
    await using server = await serveHttp2((_environ, start) => {
      start('200 OK', []);
      begun.resolve();
      return {
        async *[Symbol.asyncIterator]() {
          yield 'one';
          await new Promise(() => undefined);
        },
        close: () => void closed++,
      };
    });
    const stream = server.session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await begun.promise;
    stream.close(8);
    await until(() => closed === 1);
  });

  test('of 10 MB arrives whole, from one piece and from memory that is lent', async () => {
    const size = 10_000_000;
    await using server = await serveHttp2((environ, start) => {
      start('200 OK', []);
      if (environ.PATH_INFO === '/one') return [Buffer.alloc(size, 'x')];
      let left = size;
      return {
        *[Symbol.iterator]() {
          // It is filled instead.
        },
        async readInto(buffer: Uint8Array) {
          const bytes = Math.min(left, buffer.length);
          buffer.fill(97 + (left % 26), 0, bytes);
          left -= bytes;
          return bytes;
        },
      };
    });
    expect((await server.ask({ ':path': '/one' })).body).toBe('x'.repeat(size));
    const { body } = await server.ask({ ':path': '/lent' });
    expect(body).toHaveLength(size);
    // The first 131072 bytes are of one letter, and so on: memory was not used again too early.
    let left = size;
    for (let at = 0; at < size;) {
      const letter = String.fromCharCode(97 + (left % 26));
      const run = body.slice(at).search(new RegExp(`[^${letter}]`));
      expect(body[at]).toBe(letter);
      const bytes = run === -1 ? size - at : run;
      at += bytes;
      left -= bytes;
    }
  });
});

describe('trailers', () => {
  test('that node:http2 takes for fields of a connection are left out, as from a head', async () => {
    await using server = await serveHttp2((environ, start) => {
      start('200 OK', [['HTTP2-Settings', 'x']]);
      return (async function* body() {
        yield 'x';
        environ['highball.send_trailers']?.([['HTTP2-Settings', 'x'], ['X-Sum', '1']]); // prettier-ignore
      })();
    });
    const { fields, trailers, body } = await server.ask();
    expect([fields[':status'], fields['http2-settings'], body]).toEqual([200, undefined, 'x']);
    expect(Object.entries(trailers ?? {})).toEqual([['x-sum', '1']]);
  });

  test('are sent behind the body, without chunks or a word ahead', async () => {
    await using server = await serveHttp2((environ, start) => {
      start('200 OK', []);
      return (function* body() {
        yield 'x';
        environ['highball.send_trailers']?.([['X-Sum', '1']]);
      })();
    });
    expect(await server.ask()).toMatchObject({ body: 'x', trailers: { 'x-sum': '1' }, code: 0 });
  });

  test('follow a head without a body', async () => {
    await using server = await serveHttp2((environ, start) => {
      start('200 OK', []);
      environ['highball.send_trailers']?.([['Grpc-Status', '5']]);
      return [];
    });
    expect(await server.ask()).toMatchObject({ body: '', trailers: { 'grpc-status': '5' }, code: 0 });
  });

  test('reach a client that is still sending, and only then it is asked to stop', async () => {
    await using server = await serveHttp2(
      (environ, start) => {
        start('200 OK', []);
        environ['highball.send_trailers']?.([['Grpc-Status', '5']]);
        return [];
      },
      { headTimeoutMs: 60_000 },
    );
    const stream = server.session.request({ ':path': '/', ':method': 'POST' });
    stream.write('more will come');
    stream.once('trailers', () => server.clock.advance(6000));
    expect(await collect(stream)).toMatchObject({ trailers: { 'grpc-status': '5' }, code: 0 });
  });
});

describe('a body that nobody reads', () => {
  test('may come to its end when it is short', async () => {
    await using server = await serveHttp2(answering('200 OK', [], 'x'));
    const stream = server.session.request({ ':path': '/', ':method': 'POST' });
    const answer = collect(stream);
    await new Promise((resolve) => stream.once('response', resolve));
    stream.end('a little');
    expect(await answer).toMatchObject({ body: 'x', code: 0 });
    await until(() => server.worker.stats().active === 0);
  });

  test.each([
    ['says that it is long', { 'content-length': '1000000' }],
    ['turns out to be', {}],
  ])('is stopped when it %s', async (_, fields) => {
    await using server = await serveHttp2(answering('200 OK', [], 'x'));
    const stream = server.session.request({ ':path': '/', ':method': 'POST', ...fields });
    const answer = collect(stream);
    stream.write(Buffer.alloc(900_000));
    expect(await answer).toMatchObject({ body: 'x', code: 0 });
  });
});

test('an answer is recorded as one of HTTP/1.1 is', async () => {
  await using server = await serveHttp2(answering('201 Created', [], 'abc'));
  await server.ask();
  expect(server.records).toMatchObject([
    { status: '201 Created', bodyBytes: 3, complete: true, environ: { SERVER_PROTOCOL: 'HTTP/2' } },
  ]);
  expect(server.worker.stats()).toMatchObject({ requests: 1, active: 0 });
});
