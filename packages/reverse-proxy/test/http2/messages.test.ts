import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { get, post, startProxy } from '../support.ts';
import { bodyOf, startHttp2 } from './support.ts';

describe('a request over HTTP/2', () => {
  test('has its pseudo-fields, names in lower case, and no field of a hop', async () => {
    await using upstream = await startHttp2((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('hi');
    });
    await using proxy = await startProxy([upstream.url]);
    const fields =
      'TE: trailers, gzip\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nConnection: close, X-Hop\r\n' +
      'X-Hop: 1\r\nProxy-Authorization: secret\r\nCookie: a=1; b=2\r\nX-Mixed-Case: Yes\r\nTransfer-Encoding: chunked\r\n';
    const request = `POST /a%2Fb?c=d HTTP/1.1\r\nHost: site.example:81\r\n${fields}\r\n2\r\nab\r\n0\r\n\r\n`;
    const answer = await exchange(proxy.port, request);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('hi');
    const [head] = upstream.heads;
    expect(head).toMatchObject({
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': 'site.example:81',
      ':path': '/a%2Fb?c=d',
      te: 'trailers',
      cookie: 'a=1; b=2',
      'x-mixed-case': 'Yes',
      'x-forwarded-for': '127.0.0.1',
      via: '1.1 highball',
    });
    for (const name of [
      'host',
      'connection',
      'keep-alive',
      'proxy-connection',
      'transfer-encoding',
      'x-hop',
      'proxy-authorization',
    ]) {
      expect(head).not.toHaveProperty(name);
    }
  });

  test('says its length where that is known', async () => {
    let body = '';
    await using upstream = await startHttp2(async (stream) => {
      body = await bodyOf(stream);
      stream.respond({ ':status': 204 }, { endStream: true });
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, post('x'.repeat(100_000)))).toMatch(/^HTTP\/1\.1 204 No Content\r\n/);
    expect(body).toBe('x'.repeat(100_000));
    expect(upstream.heads[0]).toMatchObject({ 'content-length': '100000' });
  });

  test.each([
    ['its own host', 'upstream' as const, /^127\.0\.0\.1:\d+$/],
    ['a given host', { name: 'app.internal' }, /^app\.internal$/],
  ])('names %s', async (_, host, expected) => {
    await using upstream = await startHttp2((stream) =>
      stream.respond({ ':status': 200 }, { endStream: true }),
    );
    await using proxy = await startProxy([upstream.url], { host });
    await exchange(proxy.port, get('/'));
    expect(upstream.heads[0]?.[':authority']).toMatch(expected);
  });

  test('carries trailers, in both ways', async () => {
    let trailers: unknown;
    await using upstream = await startHttp2((stream) => {
      stream.on('trailers', (fields) => (trailers = { ...fields }));
      stream.resume();
      stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
      stream.on('end', () => stream.end('body'));
    });
    await using proxy = await startProxy([upstream.url]);
    const request =
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n2\r\nab\r\n0\r\nX-Check: 7\r\n\r\n';
    expect(await exchange(proxy.port, request)).toMatch(/\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n$/);
    expect(trailers).toMatchObject({ 'x-check': '7' });
  });

  test('waits with its body for 100 Continue', async () => {
    const events: string[] = [];
    await using upstream = await startHttp2((stream) => {
      stream.respond({ ':status': 200 }, { endStream: true });
    });
    upstream.server.on('checkContinue', () => undefined);
    upstream.server.removeAllListeners('stream');
    upstream.server.on('stream', (stream, headers) => {
      events.push(String(headers['expect']));
      stream.on('data', (chunk) => events.push(String(chunk)));
      stream.on('end', () => {
        stream.respond({ ':status': 200 });
        stream.end('done');
      });
      setTimeout(() => {
        events.push('continue');
        stream.additionalHeaders({ ':status': 100 });
      }, 50);
    });
    await using proxy = await startProxy([upstream.url], { expectTimeoutMs: 5000 });
    const client = await RawClient.connect(proxy.port);
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    );
    await client.until('100 Continue');
    client.send('ab');
    await client.until('done');
    expect(events).toEqual(['100-continue', 'continue', 'ab']);
  });

  test('that asks for a tunnel is 502: there is none', async () => {
    await using upstream = await startHttp2((stream) =>
      stream.respond({ ':status': 200 }, { endStream: true }),
    );
    await using proxy = await startProxy([upstream.url], { allowConnect: ['db.internal:5432'] });
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    for (const request of [upgrade, 'CONNECT db.internal:5432 HTTP/1.1\r\nHost: db.internal:5432\r\n\r\n']) {
      const client = await RawClient.connect(proxy.port);
      client.send(request);
      await client.until(/^HTTP\/1\.1 502 /);
      client.destroy();
    }
    expect(proxy.log.join()).toContain('no tunnel over HTTP/2');
    expect(upstream.heads).toEqual([]);
  });
});

describe('an answer over HTTP/2', () => {
  test('says in Via how it came, and shows no Server', async () => {
    await using upstream = await startHttp2((stream) => {
      stream.respond({ ':status': 200, server: 'secret/1', 'set-cookie': ['a=1', 'b=2'] });
      stream.end('hi');
    });
    await using proxy = await startProxy([upstream.url]);
    const answer = await exchange(proxy.port, get('/'));
    expect(answer).toContain('Via: 2 highball\r\n');
    expect(answer).toContain('set-cookie: a=1\r\nset-cookie: b=2\r\n');
    expect(answer).not.toContain('secret');
  });

  test('has its hints passed on', async () => {
    await using upstream = await startHttp2((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
      stream.respond({ ':status': 200 });
      stream.end('hi');
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/i,
    );
  });

  test.each([
    ['HEAD', 'HEAD', 200, { 'content-length': '5' }, /content-length: 5\r\n[^]*\r\n\r\n$/],
    ['204', 'GET', 204, {}, /\r\n\r\n$/],
    ['304', 'GET', 304, { etag: '"a"' }, /etag: "a"\r\n[^]*\r\n\r\n$/],
    ['a head that is all', 'GET', 200, { 'grpc-status': '0' }, /grpc-status: 0\r\n[^]*\r\n\r\n$/],
  ])('without a body: %s', async (_, method, status, fields, expected) => {
    await using upstream = await startHttp2((stream) =>
      stream.respond({ ':status': status, ...fields }, { endStream: true }),
    );
    await using proxy = await startProxy([upstream.url]);
    const answer = await exchange(proxy.port, get('/', '', method));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(expected);
  });

  test('goes on while the request still comes, piece by piece', async () => {
    await using upstream = await startHttp2((stream) => {
      stream.respond({ ':status': 200 });
      stream.on('data', (chunk: Buffer) => stream.write(`<${chunk}>`));
      stream.on('end', () => stream.end());
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.until(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n/);
    for (const word of ['one', 'two', 'three']) {
      client.send(`${word.length}\r\n${word}\r\n`);
      await client.until(`<${word}>`);
    }
    client.send('0\r\n\r\n');
    await client.until(/\r\n0\r\n\r\n$/);
  });

  test('that is complete before the request is ends the request', async () => {
    const codes: number[] = [];
    await using upstream = await startHttp2((stream) => {
      stream.respond({ ':status': 413 });
      stream.end('too large');
      stream.on('close', () => codes.push(stream.rstCode));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\nab');
    await client.until(/^HTTP\/1\.1 413 [^]*too large/);
    await expect.poll(() => codes).toEqual([0]);
    expect(upstream.sessions[0]?.destroyed).toBe(false);
    client.destroy();
  });

  test('many at a time over one connection', async () => {
    await using upstream = await startHttp2((stream, headers) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end(headers[':path']);
      }, 20);
    });
    await using proxy = await startProxy([upstream.url]);
    const paths = Array.from({ length: 40 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => exchange(proxy.port, get(path))));
    expect(answers.map((answer) => /\/\d+(?=\r\n0\r\n\r\n$)/.exec(answer)?.[0])).toEqual(paths);
    expect(upstream.sessions).toHaveLength(1);
  });
});
