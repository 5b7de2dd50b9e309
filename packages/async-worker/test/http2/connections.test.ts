import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { deferred, echoPath, get, serve, until } from '../support.ts';
import {
  block,
  collect,
  connected,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  PREFACE,
  requestLine,
  serveHttp2,
} from './support.ts';

const opening = Buffer.concat([Buffer.from(PREFACE), frame(FRAME.settings, 0, 0)]);
const request = frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine('/split')));

describe('prior knowledge', () => {
  test('the first bytes may come cut anywhere', async () => {
    await using server = await serve(echoPath);
    const bytes = Buffer.concat([opening, request]);
    for (let cut = 1; cut < bytes.length; cut++) {
      const client = await server.connect();
      client.send(bytes.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 1));
      client.send(bytes.subarray(cut));
      await client.until('/split');
      client.destroy();
    }
  });

  test('or byte by byte', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    for (const byte of Buffer.concat([opening, request])) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until('/split');
  });

  test('a method that begins like it is one of HTTP/1.1', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    for (const piece of ['P', 'OST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n']) {
      client.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await client.until('/a');
    client.send(get('/b'));
    await client.until('/b');
  });

  test('what only looks like it is refused as text', async () => {
    await using server = await serve(echoPath);
    expect(await server.exchange('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')).toMatch(/^HTTP\/1\.1 505 /);
  });

  test('who stops in the middle of it is told so', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send('PRI * HT');
    client.end();
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('who begins it and goes no further has the time of a head', async () => {
    await using server = await serve(echoPath, { headTimeoutMs: 1000 });
    const client = await server.connect();
    client.send('PRI * HT');
    await until(() => server.worker.stats().connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.clock.advance(1500);
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('can be switched off', async () => {
    await using server = await serve(echoPath, { http2: false });
    expect(await server.exchange(opening.toString('latin1'))).toMatch(/^HTTP\/1\.1 50[15] /);
  });

  test('works behind a header of the PROXY protocol', async () => {
    await using server = await serve(
      (environ, start) => {
        start('200 OK', []);
        return [environ.REMOTE_ADDR ?? ''];
      },
      { proxyProtocol: 'v1', proxyAllowIps: ['127.0.0.1'] },
    );
    const client = await server.connect();
    client.send(Buffer.concat([Buffer.from('PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n'), opening, request]));
    await client.until('192.0.2.7');
  });
});

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

describe('an end in good order', () => {
  test('a drain asks for no more streams, serves those under way, and names the last', async () => {
    const go = deferred();
    await using server = await serve(async (environ, start) => {
      if (environ.PATH_INFO === '/slow') await go.promise;
      start('200 OK', []);
      return [environ.PATH_INFO];
    });
    const client = await FrameClient.connect(server);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine('/slow'))));
    await until(() => server.worker.stats().active === 1);
    const drained = server.worker.drain();
    server.clock.advance(150);
    const first = await client.until(({ type }) => type === FRAME.goaway);
    expect([first.payload.readUInt32BE(0), first.payload.readUInt32BE(4)]).toEqual([2 ** 31 - 1, 0]);
    // It was on its way when the client was told.
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 3, block(...requestLine('/late'))));
    await client.raw.until('/late');
    const ping = await client.until(({ type }) => type === FRAME.ping);
    client.send(frame(FRAME.ping, 1, 0, ping.payload));
    await until(() => client.frames.filter(({ type }) => type === FRAME.goaway).length === 2);
    go.resolve();
    await client.raw.until('/slow');
    await client.raw.closed;
    const ends = client.frames.filter(({ type }) => type === FRAME.goaway);
    expect(ends.at(-1)!.payload.readUInt32BE(0)).toBe(3);
    client.raw.destroy();
    await drained;
  });

  test('a drain serves what comes on an idle connection before the client has heard of it', async () => {
    await using server = await serve(echoPath);
    const client = await FrameClient.connect(server);
    const drained = server.worker.drain();
    server.clock.advance(150);
    const ping = await client.until(({ type }) => type === FRAME.ping);
    client.send(frame(FRAME.headers, END_HEADERS | END_STREAM, 1, block(...requestLine('/late'))));
    await client.raw.until('/late');
    client.send(frame(FRAME.ping, 1, 0, ping.payload));
    await client.raw.closed;
    client.raw.destroy();
    await drained;
  });

  test('a drain does not wait for a client that answers no ping', async () => {
    await using server = await serve(echoPath);
    const client = await FrameClient.connect(server);
    const drained = server.worker.drain();
    server.clock.advance(3000);
    await client.raw.closed;
    client.raw.destroy();
    await drained;
  });

  test('a retired worker keeps streams whose answers go on, and ends those that wait', async () => {
    let push: ((piece: string) => void) | undefined;
    let lost = 0;
    await using server = await serveHttp2(async (environ, start) => {
      environ['highball.signal']?.().addEventListener('abort', () => lost++);
      if (environ.PATH_INFO === '/waits') await new Promise(() => undefined);
      start('200 OK', []);
      return (async function* body() {
        for (;;) yield await new Promise<string>((resolve) => (push = resolve));
      })();
    });
    const moving = server.session.request({ ':path': '/moves' });
    let received = '';
    moving.on('data', (chunk: Buffer) => (received += chunk.toString()));
    const waiting = server.ask({ ':path': '/waits' });
    await until(() => push !== undefined && server.worker.stats().active === 2);
    void server.worker.retire(1000);
    for (let i = 0; i < 3; i++) {
      push?.(`${i}`);
      await until(() => received.endsWith(String(i)));
      server.clock.advance(1100);
    }
    expect((await waiting).code).not.toBe(0);
    expect([lost, received]).toEqual([1, '012']);
    expect(server.worker.stats().active).toBe(1);
    moving.close();
  });

  test('close ends everything at once', async () => {
    await using server = await serveHttp2(() => new Promise(() => undefined));
    const answer = server.ask();
    await until(() => server.worker.stats().active === 1);
    await server.worker.close();
    expect((await answer).fields[':status']).toBeUndefined();
  });

  test('a connection is for another request until it was idle too long', async () => {
    await using server = await serveHttp2(echoPath, { keepAliveTimeoutMs: 5000, headTimeoutMs: 60_000 });
    await server.ask();
    server.clock.advance(4000);
    expect((await server.ask({ ':path': '/again' })).body).toBe('/again');
    await until(() => server.worker.stats().active === 0);
    const closed = once(server.session, 'close');
    server.clock.advance(7000);
    await closed;
  });

  test('a connection that says nothing of a first request has the time of a head', async () => {
    await using server = await serveHttp2(echoPath, { headTimeoutMs: 1000 });
    const closed = once(server.session, 'close');
    server.clock.advance(2000);
    await closed;
  });

  test('one that does not close when it should is closed', async () => {
    await using server = await serve(echoPath, { headTimeoutMs: 1000 });
    const client = await FrameClient.connect(server);
    server.clock.advance(2000);
    const ping = await client.until(({ type }) => type === FRAME.ping);
    client.send(frame(FRAME.ping, 1, 0, ping.payload));
    await client.raw.closed;
    expect(server.worker.stats().connections).toBe(1);
    server.clock.advance(10_000);
    await until(() => server.worker.stats().connections === 0);
  });

  test('without keep-alive it ends behind the streams under way', async () => {
    await using server = await serveHttp2(echoPath, { keepAliveTimeoutMs: 0 });
    const closed = once(server.session, 'close');
    const answers = await Promise.all([server.ask({ ':path': '/a' }), server.ask({ ':path': '/b' })]);
    expect(answers.map(({ body }) => body)).toEqual(['/a', '/b']);
    await closed;
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
