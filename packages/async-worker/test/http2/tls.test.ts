import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { deferred, echoBody, echoPath, until } from '../support.ts';
import { people, serveTls } from '../tls/support.ts';
import { collect } from './support.ts';

const certificates = people();

function connected(port: number): ClientHttp2Session {
  const session = connect(`https://localhost:${port}`, { ca: certificates.authority.cert });
  return session.on('error', () => undefined);
}

describe('over TLS', () => {
  test('bodies of 10 MB go both ways', async () => {
    await using server = await serveTls(echoBody, certificates.server);
    const session = connected(server.port);
    const stream = session.request({ ':path': '/', ':method': 'PUT' });
    stream.end(Buffer.alloc(10_000_000, 'x'));
    const { body } = await collect(stream);
    expect(body === 'x'.repeat(10_000_000)).toBe(true);
    session.destroy();
  });

  test('a drain serves what is under way, and says which stream was the last', async () => {
    const go = deferred();
    await using server = await serveTls(async (environ, start) => {
      await go.promise;
      return echoPath(environ, start);
    }, certificates.server);
    const session = connected(server.port);
    const answer = collect(session.request({ ':path': '/slow' }));
    await until(() => server.worker.stats().active === 1);
    const told = once(session, 'goaway');
    const drained = server.worker.drain();
    server.clock.advance(150);
    expect((await told).slice(0, 2)).toEqual([0, 1]);
    go.resolve();
    expect((await answer).body).toBe('/slow');
    await drained;
  });

  test('a drain keeps an idle connection for a moment, for a request that may be on its way', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const [busy, idle] = [connected(server.port), connected(server.port)];
    await Promise.all([once(busy, 'remoteSettings'), once(idle, 'remoteSettings')]);
    const drained = server.worker.drain();
    server.clock.advance(500);
    expect((await collect(busy.request({ ':path': '/late' }))).body).toBe('/late');
    const left = once(idle, 'close');
    server.clock.advance(2500);
    await left;
    await drained;
  });
});
