import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { forwardProxy, hashPassword } from '../src/index.ts';
import { connect, get, ManualClock, ok, startOrigin, startProxy } from './support.ts';

const answering = (text: string): ReturnType<typeof startOrigin> =>
  startOrigin((socket, received) => received.endsWith('\r\n\r\n') && socket.write(text));
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

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

describe('who may use it', () => {
  test('nobody without a password, who is asked for it; and it goes no further', async () => {
    await using origin = await answering(ok('x'));
    const users = { me: await hashPassword('pw', 4) };
    await using proxy = await startProxy({ users, realm: 'way out' });
    const url = `http://127.0.0.1:${origin.port}/`;
    const authorization = (text: string): string =>
      `Proxy-Authorization: Basic ${Buffer.from(text).toString('base64')}\r\n`;
    const denied = await exchange(proxy.port, get(url));
    expect(denied).toMatch(/^HTTP\/1\.1 407 /);
    expect(denied).toMatch(/Cache-Control: no-store\r\n/);
    expect(denied).toMatch(/Proxy-Authenticate: Basic realm="way out", charset="UTF-8"\r\n/);
    expect(statusOf(await exchange(proxy.port, get(url, authorization('me:no'))))).toBe(407);
    expect(statusOf(await exchange(proxy.port, connect(`127.0.0.1:${origin.port}`)))).toBe(407);
    expect(statusOf(await exchange(proxy.port, get(url, `Authorization: Basic ${btoa('me:pw')}\r\n`)))).toBe(
      407,
    );
    expect(origin.received).toEqual([]);
    expect(statusOf(await exchange(proxy.port, get(url, authorization('me:pw'))))).toBe(200);
    expect(origin.received[0]).not.toContain('Proxy-Authorization');
    expect(proxy.records.at(-1)).toMatchObject({ user: 'me', status: 200 });
    expect(proxy.records[0]).toMatchObject({
      user: '',
      status: 407,
      error: 'AUTHENTICATION_REQUIRED',
      host: '',
    });
  });

  test('who is not known learns nothing of the rules', async () => {
    await using proxy = await startProxy({ users: () => false, allow: [] });
    for (const target of ['http://10.0.0.1/', 'https://x/', 'http://127.1/']) {
      expect(statusOf(await exchange(proxy.port, get(target)))).toBe(407);
    }
  });

  test('a verifier that fails lets nobody in', async () => {
    await using proxy = await startProxy({
      users: () => {
        throw new Error('database down');
      },
    });
    const field = `Proxy-Authorization: Basic ${btoa('a:b')}\r\n`;
    expect(statusOf(await exchange(proxy.port, get('http://127.0.0.1:1/', field)))).toBe(500);
    expect(proxy.records).toMatchObject([{ status: 500 }]);
  });
});

describe('where it goes', () => {
  test.each([
    ['a name that is not listed', 'evil.test', 'NOT_ALLOWED'],
    ['a port that is not listed', 'listed.test:22', 'NOT_ALLOWED'],
    ['a listed name at a private address', 'listed.test:80', 'ADDRESS_PROHIBITED'],
    ['a private address', '192.168.0.1', 'NOT_ALLOWED'],
  ])('not to %s', async (_, authority, error) => {
    const asked: string[] = [];
    await using proxy = await startProxy({
      allow: ['listed.test'],
      resolve: async (host) => (asked.push(host), ['10.0.0.1', '::ffff:127.0.0.1']),
      connect: () => {
        throw new Error('connected');
      },
    });
    const answer = await exchange(proxy.port, get(`http://${authority}/`));
    expect(statusOf(answer)).toBe(403);
    expect(answer).not.toMatch(/10\.0\.0\.1|127\.0\.0\.1/);
    expect(proxy.records).toMatchObject([{ error, status: 403, address: '' }]);
    expect(asked).toEqual(error === 'ADDRESS_PROHIBITED' ? ['listed.test'] : []);
  });

  test.each(['127.0.0.1', '169.254.169.254', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '[::]', 'localhost'])(
    'not to %s, though everything is allowed',
    async (host) => {
      await using proxy = await startProxy({ allow: ['*:*'] });
      expect(statusOf(await exchange(proxy.port, get(`http://${host}:9/`)))).toBe(403);
      expect(statusOf(await exchange(proxy.port, connect(`${host}:9`)))).toBe(403);
      expect(proxy.records).toMatchObject([{ error: 'ADDRESS_PROHIBITED' }, { error: 'ADDRESS_PROHIBITED' }]);
    },
  );

  test.each(['2130706433', '0x7f.1', '127.1', '0177.0.0.1'])(
    'not to %s, which is an address in disguise',
    async (host) => {
      await using proxy = await startProxy({ allow: ['*:*', '127.0.0.0/8:*'] });
      expect(statusOf(await exchange(proxy.port, get(`http://${host}/`)))).toBe(400);
      expect(statusOf(await exchange(proxy.port, connect(`${host}:443`)))).toBe(400);
    },
  );

  test('to the address that was judged: DNS is asked once and has no second say', async () => {
    await using origin = await answering(ok('judged'));
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    await using proxy = await startProxy({
      allow: ['*:*', '127.0.0.1:*'],
      resolve: async () => answers.shift() ?? [],
    });
    expect(await exchange(proxy.port, get(`http://rebound.test:${origin.port}/`))).toMatch(/judged$/);
    expect(answers).toHaveLength(1);
    expect(origin.received[0]).toContain(`Host: rebound.test:${origin.port}\r\n`);
    expect(statusOf(await exchange(proxy.port, get(`http://rebound.test:${origin.port}/`)))).toBe(403);
  });

  test('to the next address of a name when the first does not answer', async () => {
    await using origin = await answering(ok('second'));
    await using proxy = await startProxy({
      allow: ['127.0.0.0/8:*'],
      resolve: async () => ['127.0.0.9', '127.0.0.1'],
    });
    expect(await exchange(proxy.port, get(`http://two.test:${origin.port}/`))).toMatch(/second$/);
    expect(proxy.records).toMatchObject([{ address: '127.0.0.1' }]);
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

describe('an origin that fails', () => {
  test.each([
    ['closes without a word', '', 502, 'RESET'],
    ['speaks something else', 'SSH-2.0-x\r\n\r\n', 502, 'BAD_RESPONSE'],
    [
      'frames in two ways',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      502,
      'BAD_RESPONSE',
    ],
    [
      'switches protocols unasked',
      'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
      'BAD_RESPONSE',
    ],
    ['splits a field', 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n', 502, 'BAD_RESPONSE'],
  ])('and %s', async (_, text, status, error) => {
    await using origin = await startOrigin((socket) => socket.end(text));
    await using proxy = await startProxy();
    expect(statusOf(await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`)))).toBe(status);
    expect(proxy.records).toMatchObject([{ status, error }]);
    expect(proxy.errors).toEqual([]);
  });

  test('by refusing the connection, or having no address', async () => {
    await using proxy = await startProxy({
      allow: ['*:*', '127.0.0.1:*'],
      resolve: (host) =>
        host === 'none.test' ? Promise.resolve([]) : Promise.reject(new Error('ENOTFOUND')),
    });
    for (const [url, error] of [
      ['http://127.0.0.1:1/', 'connection_refused'],
      ['http://none.test/', 'dns_error'],
      ['http://fails.test/', 'dns_error'],
    ] as const) {
      expect(await exchange(proxy.port, get(url))).toMatch(
        new RegExp(`^HTTP/1\\.1 502 [^]*Proxy-Status: test-proxy; error=${error}\r\n`),
      );
    }
  });

  test.each([
    ['a length', 'Content-Length: 10\r\n\r\nabc'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('inside an answer of %s: what came is not made to look complete', async (_, rest) => {
    await using origin = await startOrigin((socket) => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    expect(answer).toContain('abc');
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 200, error: 'RESET' }]);
  });

  test.each([
    ['to be found', 'slow.test', 'DNS_TIMEOUT'],
    ['to accept', '127.0.0.1', 'CONNECT_TIMEOUT'],
  ])('and takes too long %s', async (_, host, error) => {
    const clock = new ManualClock();
    const { Socket } = await import('node:net');
    await using proxy = await startProxy({
      clock,
      allow: ['*:*', '127.0.0.1:*'],
      connectTimeoutMs: 1000,
      resolve: () => new Promise(() => undefined),
      connect: () => new Socket(),
    });
    const answering = exchange(proxy.port, get(`http://${host}:8000/`));
    while (clock.waiting === 0) await new Promise(setImmediate);
    clock.advance(1000);
    expect(statusOf(await answering)).toBe(504);
    expect(proxy.records).toMatchObject([{ error, status: 504, durationMs: 1000 }]);
  });

  test('and is silent', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy({ clock, idleTimeoutMs: 1000 });
    const answering = exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    while (!origin.received[0]?.endsWith('\r\n\r\n')) await new Promise(setImmediate);
    clock.advance(1000);
    expect(statusOf(await answering)).toBe(504);
    expect(proxy.records).toMatchObject([{ error: 'IDLE_TIMEOUT' }]);
  });
});

describe('limits', () => {
  test('of connections: of one client 429, of all 503; a place is free again at the end', async () => {
    await using origin = await startOrigin(() => undefined);
    for (const [limits, status] of [
      [{ maxConnectionsPerClient: 1 }, 429],
      [{ maxConnections: 1 }, 503],
    ] as const) {
      await using proxy = await startProxy(limits);
      const url = `http://127.0.0.1:${origin.port}/`;
      const before = origin.sockets.length;
      const first = await RawClient.connect(proxy.port);
      first.send(get(url));
      while (origin.sockets.length === before) await new Promise(setImmediate);
      expect(await exchange(proxy.port, get(url))).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} [^]*Retry-After: 5\r\n`),
      );
      origin.sockets.at(-1)?.end(ok('first'));
      await first.until(/first$/);
      const second = await RawClient.connect(proxy.port);
      second.send(get(url));
      while (origin.sockets.length === before + 1) await new Promise(setImmediate);
      second.destroy();
      first.destroy();
      await proxy.recorded(3);
      expect(proxy.records[2]?.error).toBe('CLIENT_GONE');
    }
  });

  test('of bytes: an answer that is too large is cut, a request refused', async () => {
    await using origin = await startOrigin((socket, received) => {
      if (received.startsWith('GET')) socket.write(ok('x'.repeat(100_000)));
    });
    await using proxy = await startProxy({ maxBytes: 50_000 });
    const url = `http://127.0.0.1:${origin.port}/`;
    expect((await exchange(proxy.port, get(url))).length).toBeLessThan(60_000);
    const post = get(url, 'Content-Length: 60000\r\n', 'POST') + 'x'.repeat(60_000);
    expect(statusOf(await exchange(proxy.port, post))).toBe(413);
    expect(proxy.records).toMatchObject([{ error: 'BYTES_EXCEEDED' }, { error: 'BYTES_EXCEEDED' }]);
  });
});

describe('a client that leaves', () => {
  test('takes its request along, at once', async () => {
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.send(get(`http://127.0.0.1:${origin.port}/`));
    while (!origin.received[0]?.endsWith('\r\n\r\n')) await new Promise(setImmediate);
    const left = new Promise((resolve) => origin.sockets[0]?.once('close', resolve).once('end', resolve));
    client.destroy();
    await left;
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 499, error: 'CLIENT_GONE' }]);
  });

  test('within its body leaves the origin with a request that is not complete', async () => {
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.send(
      `${get(`http://127.0.0.1:${origin.port}/`, 'Transfer-Encoding: chunked\r\n', 'POST')}3\r\nabc\r\n`,
    );
    while (!origin.received[0]?.includes('abc')) await new Promise(setImmediate);
    const left = new Promise((resolve) => origin.sockets[0]?.once('close', resolve).once('end', resolve));
    client.destroy();
    await left;
    expect(origin.received[0]).not.toContain('\r\n0\r\n');
  });
});

describe('hostile requests', () => {
  test.each([
    ['two framings', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a coding behind chunked', 'Transfer-Encoding: chunked, x\r\n'],
    ['a folded field', 'X: a\r\n b\r\n'],
    ['a bare CR', 'X: a\rY: b\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n'],
  ])('with %s do not reach the origin', async (_, fields) => {
    await using origin = await answering(ok('x'));
    await using proxy = await startProxy();
    const smuggled = `0\r\n\r\nGET http://127.0.0.1:${origin.port}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(
      proxy.port,
      get(`http://127.0.0.1:${origin.port}/`, fields, 'POST') + smuggled,
    );
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(origin.received.join('')).not.toContain('smuggled');
  });

  test('a body goes to the origin as a body, whatever it looks like', async () => {
    const inner = 'GET /inner HTTP/1.1\r\nHost: x\r\n\r\n';
    await using origin = await startOrigin(
      (socket, received) => received.includes('/inner') && socket.write(ok('x')),
    );
    await using proxy = await startProxy();
    const head = get(`http://127.0.0.1:${origin.port}/`, `Content-Length: ${inner.length}\r\n`, 'POST');
    expect(statusOf(await exchange(proxy.port, head + inner))).toBe(200);
    expect(origin.received).toHaveLength(1);
    expect(origin.received[0]).toContain(`Content-Length: ${inner.length}\r\n`);
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
