import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { deferred, echoPath, serve, until } from '../support.ts';
import {
  block,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  FrameClient,
  requestLine,
  serveHttp2,
} from './support.ts';

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
