import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { forwardProxy } from '../src/index.ts';
import { answering, get, ok, startOrigin, startProxy, statusOf } from './support.ts';

describe('requests in absolute-form', () => {
  test('reach the origin in origin-form, and its answer comes back', async () => {
    await using origin = await answering(ok('hello', 'Content-Type: text/plain\r\nServer: theirs\r\n'));
    await using proxy = await startProxy();
    const answer = await exchange(
      proxy.port,
      get(`http://127.0.0.1:${origin.port}/a%2Fb?c=d`, 'X-Own: 1\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/Server: theirs\r\n/);
    expect(answer).toMatch(/Via: 1\.1 test-proxy\r\n/);
    expect(answer).toMatch(/\r\n\r\nhello$/);
    expect(origin.received[0]).toMatch(/^GET \/a%2Fb\?c=d HTTP\/1\.1\r\n/);
    expect(origin.received[0]).toContain(`Host: 127.0.0.1:${origin.port}\r\n`);
    expect(origin.received[0]).not.toContain('ignored.example');
    expect(origin.received[0]).toMatch(/X-Own: 1\r\n/);
    expect(origin.received[0]).toMatch(/Via: 1\.1 test-proxy\r\n/);
    expect(proxy.errors).toEqual([]);
    expect(proxy.records).toMatchObject([
      {
        method: 'GET',
        client: '127.0.0.1',
        host: '127.0.0.1',
        port: origin.port,
        address: '127.0.0.1',
        status: 200,
      },
    ]);
    expect(proxy.records[0]?.error).toBeUndefined();
  });

  test('keep what is for this hop to this hop, both ways', async () => {
    await using origin = await answering(
      ok(
        'x',
        'Connection: X-Back\r\nX-Back: 1\r\nKeep-Alive: timeout=1\r\nProxy-Authenticate: Basic\r\nX-Stays: 1\r\n',
      ),
    );
    await using proxy = await startProxy({ users: () => true });
    const fields =
      'Connection: X-Forth\r\nX-Forth: 1\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi\r\n' +
      'TE: gzip\r\nUpgrade: h2c\r\nKeep-Alive: 1\r\nX-Stays: 1\r\n';
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`, fields));
    for (const name of [
      'X-Forth',
      'Proxy-Connection',
      'Proxy-Authorization',
      'TE:',
      'Upgrade',
      'Keep-Alive',
    ]) {
      expect(origin.received[0]?.toLowerCase()).not.toContain(name.toLowerCase());
    }
    for (const name of ['X-Back', 'Keep-Alive', 'Proxy-Authenticate']) expect(answer).not.toContain(name);
    expect(origin.received[0]).toContain('X-Stays');
    expect(answer).toContain('X-Stays');
  });

  test('carry a body of known length, and an empty one', async () => {
    await using origin = await startOrigin(
      (socket, received) => /ab$|Length: 0\r\n\r\n$/.test(received) && socket.write(ok('done')),
    );
    await using proxy = await startProxy();
    const url = `http://127.0.0.1:${origin.port}/`;
    expect(await exchange(proxy.port, `${get(url, 'Content-Length: 2\r\n', 'POST')}ab`)).toMatch(/done$/);
    expect(await exchange(proxy.port, get(url, 'Content-Length: 0\r\n', 'PUT'))).toMatch(/done$/);
    expect(origin.received[0]).toMatch(/Content-Length: 2\r\n\r\nab$/);
    expect(origin.received[0]).not.toContain('Transfer-Encoding');
    expect(proxy.records[0]?.sentBytes).toBe(2);
  });

  test('carry a chunked body, framed anew, with its trailers', async () => {
    await using origin = await startOrigin(
      (socket, received) =>
        received.endsWith('\r\n\r\n') && received.includes('\r\n0\r\n') && socket.write(ok('done')),
    );
    await using proxy = await startProxy();
    // Connection has named one of the trailers; a Via of theirs would not be the last.
    const body = '2;ext=1\r\nab\r\n1\r\nc\r\n0\r\nX-Hop: 1\r\nVia: 1.1 x\r\nX-Sum: 7\r\n\r\n';
    const head = get(
      `http://127.0.0.1:${origin.port}/`,
      'Transfer-Encoding: chunked\r\nTE: trailers\r\nConnection: X-Hop\r\n',
      'POST',
    );
    expect(await exchange(proxy.port, head + body)).toMatch(/done$/);
    expect(origin.received[0]).toMatch(/Transfer-Encoding: chunked\r\n/);
    expect(origin.received[0]).toMatch(/2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
    expect(origin.received[0]).toMatch(/TE: trailers\r\n/);
  });

  test.each([
    [
      'chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n',
      'X-Sum: 7',
    ],
    ['until the connection closes', 'HTTP/1.0 200 OK\r\n\r\nab', '\r\nab\r\n0\r\n'],
  ])('bring an answer back that is %s', async (_, text, expected) => {
    await using origin = await startOrigin((socket) => socket.end(text));
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    expect(answer).toContain('2\r\nab');
    expect(answer).toContain(expected);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  test('bring back an answer to HEAD, and 304, without a body', async () => {
    await using origin = await startOrigin((socket, received) =>
      socket.write(
        received.startsWith('HEAD')
          ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
          : 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
      ),
    );
    await using proxy = await startProxy();
    const url = `http://127.0.0.1:${origin.port}/`;
    expect(await exchange(proxy.port, get(url, '', 'HEAD'))).toMatch(/Content-Length: 1000\r\n[^]*\r\n\r\n$/);
    expect(await exchange(proxy.port, get(url))).toMatch(/^HTTP\/1\.1 304 [^]*ETag: "x"\r\n[^]*\r\n\r\n$/);
  });

  test('bring early hints along', async () => {
    await using origin = await answering(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok('x')}`);
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    expect(answer).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200/);
  });

  test('keep the connection to the client: several, one behind the other', async () => {
    await using origin = await answering(ok('x'));
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    const one = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    client.send(one + one);
    await client.until(/HTTP\/1\.1 200[^]*x[^]*HTTP\/1\.1 200[^]*\r\n\r\nx$/);
    client.destroy();
    expect(origin.received).toHaveLength(2);
  });

  test('bring a large answer whole, however slowly it is read', async () => {
    const body = 'x'.repeat(3_000_000);
    await using origin = await answering(ok(body));
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.socket.pause();
    client.send(get(`http://127.0.0.1:${origin.port}/`));
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.closed;
    expect(client.received.split('\r\n\r\n')[1]).toHaveLength(body.length);
    expect(proxy.records[0]?.receivedBytes).toBeGreaterThan(body.length);
  });
});

describe('the end of a request that was counted by proxies', () => {
  test('OPTIONS at Max-Forwards 0 is answered here, above it passed on with one less', async () => {
    await using origin = await answering(ok('theirs'));
    await using proxy = await startProxy();
    const url = `http://127.0.0.1:${origin.port}`;
    expect(await exchange(proxy.port, get(url, 'Max-Forwards: 0\r\n', 'OPTIONS'))).toMatch(
      /Allow: CONNECT, GET/,
    );
    expect(origin.received).toEqual([]);
    expect(await exchange(proxy.port, get(url, 'Max-Forwards: 3\r\n', 'OPTIONS'))).toMatch(/theirs$/);
    expect(origin.received[0]).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n[^]*Max-Forwards: 2\r\n/);
  });

  test('TRACE is refused', async () => {
    await using proxy = await startProxy();
    expect(await exchange(proxy.port, get('http://127.0.0.1/', '', 'TRACE'))).toMatch(
      /^HTTP\/1\.1 405 [^]*Allow: /,
    );
  });

  test('a request that was here before is refused: by its Via, in any case, among others', async () => {
    await using proxy = await startProxy();
    const via = 'Via: 1.0 fred, 1.1 Test-Proxy (comment)\r\n';
    const answer = await exchange(proxy.port, get('http://127.0.0.1:1/', via));
    expect(answer).toMatch(/^HTTP\/1\.1 502 [^]*Proxy-Status: test-proxy; error=proxy_loop_detected\r\n/);
    expect(proxy.records[0]?.error).toBe('LOOP');
  });

  test('a proxy that is sent to itself notices at once', async () => {
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${proxy.port}/`));
    // It is no request for a proxy any more when it comes back.
    expect(statusOf(answer)).toBe(400);
    await using other = await startProxy({ viaName: 'other' });
    expect(statusOf(await exchange(other.port, get(`http://127.0.0.1:${proxy.port}/`)))).toBe(400);
  });
});

describe('a request that is not for a proxy', () => {
  test('is refused, or answered by the application that was given', async () => {
    await using proxy = await startProxy();
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 400 [^]*forward proxy/);
    await using site = await startProxy({
      fallback: (_, startResponse) => (startResponse('200 OK', []), ['the site']),
    });
    expect(await exchange(site.port, get('/'))).toMatch(/the site$/);
    expect(site.records).toEqual([]);
  });
});

test('a proxy is not made with options that make no sense', () => {
  const make =
    (options: object): (() => unknown) =>
    () =>
      forwardProxy({ users: 'anyone', allow: [], ...options });
  for (const options of [
    { maxConnections: 0 },
    { idleTimeoutMs: -1 },
    { maxBytes: Number.NaN },
    { viaName: 'a b' },
    { realm: 'a"b' },
    { users: undefined },
  ]) {
    expect(make(options), JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  }
  expect(make({ allow: ['//'] })).toThrow(expect.objectContaining({ code: 'BAD_RULE' }));
  expect(make({ users: { me: 'plain' } })).toThrow(expect.objectContaining({ code: 'BAD_PASSWORD_HASH' }));
});
