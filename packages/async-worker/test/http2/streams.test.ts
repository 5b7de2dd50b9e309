import { describe, expect, test } from 'vitest';
import { deferred, serve, until } from '../support.ts';
import {
  block,
  collect,
  connected,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  requestLine,
  serveHttp2,
} from './support.ts';

describe('streams', () => {
  test('a hundred at once, and a slow one holds up none of the others', async () => {
    const slow = deferred();
    await using server = await serveHttp2(async (environ, start) => {
      if (environ.PATH_INFO === '/slow') await slow.promise;
      start('200 OK', []);
      return [environ.PATH_INFO];
    });
    const last = server.ask({ ':path': '/slow' });
    const paths = Array.from({ length: 99 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => server.ask({ ':path': path })));
    expect(answers.map(({ body }) => body)).toEqual(paths);
    expect(server.worker.stats()).toMatchObject({ connections: 1, active: 1, current: [{ path: '/slow' }] });
    slow.resolve();
    expect((await last).body).toBe('/slow');
  });

  test('no more at a time than the option says', async () => {
    const go = deferred();
    let most = 0;
    let now = 0;
    await using server = await serveHttp2(
      async (_environ, start) => {
        most = Math.max(most, ++now);
        await go.promise;
        now--;
        start('200 OK', []);
        return [];
      },
      { http2MaxStreams: 3 },
    );
    expect(server.session.remoteSettings.maxConcurrentStreams).toBe(3);
    const answers = Array.from({ length: 9 }, () => server.ask());
    await until(() => now === 3);
    go.resolve();
    for (const { fields } of await Promise.all(answers)) expect(fields[':status']).toBe(200);
    expect(most).toBe(3);
  });

  test('a reset is told to that request at once, and to no other', async () => {
    const reasons = new Map<string, unknown>();
    const go = deferred();
    let begun = 0;
    await using server = await serveHttp2(async (environ, start) => {
      const signal = environ['highball.signal']?.();
      signal?.addEventListener('abort', () => reasons.set(environ.PATH_INFO, signal.reason));
      begun++;
      await go.promise;
      start('200 OK', []);
      return ['x'];
    });
    const stream = server.session.request({ ':path': '/left' });
    stream.on('error', () => undefined);
    const other = server.ask({ ':path': '/stays' });
    await until(() => begun === 2);
    stream.close(8);
    await until(() => reasons.size === 1);
    expect(reasons.get('/left')).toMatchObject({ code: 'CLIENT_GONE' });
    go.resolve();
    expect((await other).body).toBe('x');
    expect(reasons.size).toBe(1);
  });

  test('a client that goes takes all of them along', async () => {
    let gone = 0;
    let begun = 0;
    await using server = await serve(async (environ) => {
      environ['highball.signal']?.().addEventListener('abort', () => gone++);
      begun++;
      await new Promise(() => undefined);
      return [];
    });
    const session = await connected(server.port);
    for (let i = 0; i < 5; i++) session.request({ ':path': '/' }).on('error', () => undefined);
    await until(() => begun === 5);
    session.destroy();
    await until(() => gone === 5 && server.worker.stats().connections === 0);
  });

  test('a client that closes its side is gone: it could open no windows for an answer', async () => {
    let gone = 0;
    await using server = await serve((environ) => {
      environ['highball.signal']?.().addEventListener('abort', () => gone++);
      return new Promise(() => undefined);
    });
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine())));
    await until(() => server.worker.stats().active === 1);
    client.raw.end();
    await until(() => gone === 1 && server.worker.stats().connections === 0);
  });
});

describe('deadlines', () => {
  test('a body that comes too slowly ends its stream, and only that', async () => {
    await using server = await serveHttp2(
      async (environ, start) => {
        await environ['wsgi.input'].read();
        start('200 OK', []);
        return [];
      },
      { bodyGraceMs: 2000 },
    );
    const slow = server.session.request({ ':path': '/', ':method': 'POST' });
    const answer = collect(slow);
    slow.write('a');
    await until(() => server.worker.stats().active === 1);
    slow.once('response', () => setImmediate(() => server.clock.advance(8000)));
    server.clock.advance(5000);
    expect(await answer).toMatchObject({ fields: { ':status': 408 }, body: '408 Request Timeout\n' });
    expect((await server.ask()).fields[':status']).toBe(200);
  });

  test('a request that takes too long is answered in its place', async () => {
    await using server = await serveHttp2(() => new Promise(() => undefined), { requestTimeoutMs: 2000 });
    const answer = server.ask();
    await until(() => server.worker.stats().active === 1);
    server.clock.advance(3000);
    expect((await answer).fields[':status']).toBe(503);
  });

  test('who opens no window for an answer loses its stream', async () => {
    await using server = await serve(
      (_environ, start) => {
        start('200 OK', []);
        return [Buffer.alloc(1_000_000)];
      },
      { writeTimeoutMs: 2000 },
    );
    // SETTINGS_INITIAL_WINDOW_SIZE 0
    const client = await FrameClient.connect(server, Buffer.from([0, 4, 0, 0, 0, 0]));
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine())));
    await client.until(({ stream, type }) => stream === 1 && type === FRAME.headers);
    for (let i = 0; i < 4; i++) server.clock.advance(1000);
    expect(await client.code(1)).toBe(8);
    expect(server.worker.stats()).toMatchObject({ connections: 1, active: 0 });
  });
});
