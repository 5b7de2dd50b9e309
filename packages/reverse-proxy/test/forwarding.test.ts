import { connect as connectByNode, Socket } from 'node:net';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { exchange, RawClient, temporaryFolder } from '@highball/testkit';
import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import type { ReverseProxyOptions } from '../src/index.ts';
import { echo, get, headEnd, ok, post, startProxy, startUpstream } from './support.ts';

describe('deadlines', () => {
  describe('a connect that takes too long', () => {
    /** To this address nobody gets through, and is told nothing either. */
    const lost = 'http://127.0.0.1:9';
    const connect: NonNullable<ReverseProxyOptions['connect']> = (target) =>
      'port' in target && target.port === 9 ? new Socket() : connectByNode({ ...target });

    test('504', async () => {
      await using proxy = await startProxy([lost], { connect, connectTimeoutMs: 100 });
      expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 /);
      expect(proxy.log.join()).toContain('did not accept within 100 ms');
    });

    test('the next peer, for any method: nothing was sent', async () => {
      await using upstream = await echo('second');
      await using proxy = await startProxy([lost, upstream.url], { connect, connectTimeoutMs: 100 });
      expect(await exchange(proxy.port, post('x'))).toMatch(/second$/);
      expect(proxy.log.join()).toContain('did not accept within 100 ms');
    });
  });

  test('a client that does not read is not the upstream’s silence', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (!received.endsWith(headEnd)) return;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${32e6}\r\n\r\n`);
      socket.write(Buffer.alloc(32e6, 'x'));
    });
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 150 });
    const client = await RawClient.connect(proxy.port);
    client.socket.pause();
    client.send(get('/'));
    // As long as the deadline several times over: time itself is what this is about.
    await new Promise((resolve) => setTimeout(resolve, 600));
    client.socket.resume();
    await client.closed;
    expect(client.received.length - client.received.indexOf(headEnd) - headEnd.length).toBe(32e6);
    expect(proxy.log).toEqual([]);
  });

  test('a silence within the answer cuts it', async () => {
    await using upstream = await startUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    });
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 100, firstByteTimeoutMs: 10_000 });
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).toMatch(/half$/);
    expect(proxy.log.join()).toContain('silent for 100 ms');
  });

  test('the first byte has a time of its own', async () => {
    await using upstream = await startUpstream(() => undefined);
    await using proxy = await startProxy([upstream.url], { firstByteTimeoutMs: 60 });
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 /);
  });

  test('an upstream that takes nothing: 504', async () => {
    await using upstream = await startUpstream((socket) => socket.pause());
    await using proxy = await startProxy([upstream.url], { sendTimeoutMs: 150 });
    const client = await RawClient.connect(proxy.port);
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${1e9}\r\n\r\n`);
    const piece = Buffer.alloc(1_000_000);
    for (let i = 0; i < 60; i++) client.send(piece);
    await client.until('HTTP/1.1 504 ', 10_000);
    client.destroy();
  });

  test('all of it has a time, retries included', async () => {
    let beat: NodeJS.Timeout | undefined;
    await using upstream = await startUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      beat = setInterval(() => socket.write('1\r\nx\r\n'), 20);
    });
    await using proxy = await startProxy([upstream.url], { totalTimeoutMs: 200 });
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.closed;
    clearInterval(beat);
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    expect(proxy.log.join()).toContain('more than 200 ms');
  });
});

describe('kept connections', () => {
  test('are closed before the upstream closes them, as it says', async () => {
    let at = 0;
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd)) socket.write(ok(String(index), 'Keep-Alive: timeout=5\r\n'));
    });
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 60_000, now: () => at });
    expect(await exchange(proxy.port, get('/'))).toMatch(/0$/);
    at = 3900;
    expect(await exchange(proxy.port, get('/'))).toMatch(/0$/);
    at = 3900 + 4100;
    expect(await exchange(proxy.port, get('/'))).toMatch(/1$/);
  });

  test('carry what cannot be sent twice only when they were used just now', async () => {
    let at = 0;
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd) || received.endsWith('x')) socket.write(ok(String(index)));
    });
    await using proxy = await startProxy([upstream.url], { now: () => at });
    expect(await exchange(proxy.port, get('/'))).toMatch(/0$/);
    at = 900;
    expect(await exchange(proxy.port, post('x'))).toMatch(/0$/);
    at = 2000;
    expect(await exchange(proxy.port, post('x'))).toMatch(/1$/);
    expect(await exchange(proxy.port, get('/'))).toMatch(/1$/);
  });
});

describe('request buffering', () => {
  test('holds the request back until it is whole, and tells its length', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith('split')) socket.write(ok('x'));
    });
    await using proxy = await startProxy([upstream.url], { requestBuffering: { maxMemoryBytes: 2 } });
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nsp\r\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(upstream.received).toEqual([]);
    client.send('3\r\nlit\r\n0\r\n\r\n');
    await client.until('200 OK');
    expect(upstream.received[0]).toMatch(/Content-Length: 5\r\n(?:[^]*\r\n)?\r\nsplit$/);
    client.destroy();
  });

  test.skipIf(!existsSync('/proc/self/fd'))('lets go of its files, however the request ends', async () => {
    await using folder = await temporaryFolder();
    const open = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder.path);
        } catch {
          return false;
        }
      }).length;
    const seen: number[] = [];
    await using upstream = await startUpstream((socket, received) => {
      if (!received.endsWith('body')) return;
      seen.push(open());
      if (received.includes('/fails')) socket.destroy();
      else socket.write(ok('x'));
    });
    const requestBuffering = { maxMemoryBytes: 2, maxBytes: 10, folder: folder.path };
    await using proxy = await startProxy([upstream.url], { requestBuffering });
    const upload = (path: string, body: string): Promise<string> =>
      exchange(proxy.port, get(path, `Content-Length: ${body.length}\r\n`, 'POST') + body);
    expect(await upload('/', 'a body')).toContain('200 OK');
    expect(await upload('/fails', 'a body')).toContain('502 Bad');
    expect(await upload('/', 'too long a body')).toContain('413 ');
    expect(seen).toEqual([1, 1]);
    await expect.poll(open).toBe(0);
  });

  test('refuses what is too long: 413', async () => {
    await using upstream = await echo('x');
    await using proxy = await startProxy([upstream.url], { requestBuffering: { maxBytes: 3 } });
    expect(await exchange(proxy.port, post('four'))).toMatch(/^HTTP\/1\.1 413 Content Too Large\r\n/);
    expect(upstream.received).toEqual([]);
  });

  test('lets PUT be sent again on a stale connection', async () => {
    await using upstream = await startUpstream((socket, received, index) => {
      const requests = received.split(/(?:GET|PUT) /).length - 1;
      if (requests === 1) socket.write(ok(`connection ${index}`));
      else socket.destroy();
    });
    await using proxy = await startProxy([upstream.url], { requestBuffering: true });
    await exchange(proxy.port, get('/'));
    expect(await exchange(proxy.port, post('body', 'PUT'))).toMatch(/connection 1$/);
    expect(upstream.received[1]).toMatch(/\r\n\r\nbody$/);
  });

  test('a client that leaves within its body is 499', async () => {
    await using upstream = await echo('x');
    await using proxy = await startProxy([upstream.url], { requestBuffering: true });
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await new Promise((resolve) => setTimeout(resolve, 30));
    client.destroy();
    await expect.poll(() => proxy.statuses).toEqual(['499 Client Closed Request']);
  });
});

describe('100-continue', () => {
  test('comes from the upstream, and the body behind it', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd))
        void go.promise.then(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
      else if (received.endsWith('hello')) socket.write(ok('done'));
    });
    const go = Promise.withResolvers<void>();
    await using proxy = await startProxy([upstream.url], { expectTimeoutMs: 20_000 });
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await expect.poll(() => upstream.received[0]).toMatch(/expect: 100-continue/i);
    expect(client.received).toBe('');
    go.resolve();
    await client.until('HTTP/1.1 100 Continue');
    client.send('hello');
    await client.until('done');
    client.destroy();
  });

  test('an upstream that refuses never sees the body', async () => {
    await using upstream = await startUpstream((socket) => {
      socket.write('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno');
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await client.until(/^HTTP\/1\.1 413 No\r\n/);
    await client.closed;
    client.destroy();
    await expect.poll(() => upstream.sockets[0]?.destroyed).toBe(true);
  });

  test('is not waited for without end', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith('hello')) socket.write(ok('done'));
    });
    await using proxy = await startProxy([upstream.url], { expectTimeoutMs: 30 });
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await client.until('HTTP/1.1 100 Continue');
    client.send('hello');
    await client.until('done');
    client.destroy();
  });
});

test('trailers of the request are passed on', async () => {
  await using upstream = await startUpstream((socket, received) => {
    if (received.includes('X-Sum')) socket.write(ok('x'));
  });
  await using proxy = await startProxy([upstream.url]);
  const body = '2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n';
  await exchange(proxy.port, get('/', 'Transfer-Encoding: chunked\r\n', 'POST') + body);
  expect(upstream.received[0]).toMatch(/2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n$/);
});

describe('what is configured', () => {
  test('header rules, path mapping, redirects and cookies', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (!received.includes(headEnd)) return;
      const location = `Location: http://127.0.0.1:${socket.localPort}/v2/next\r\n`;
      socket.write(ok('x', `${location}X-Powered-By: PHP\r\nSet-Cookie: a=b; Path=/v2\r\n`));
    });
    await using proxy = await startProxy([upstream.url], {
      stripPrefix: '/api/',
      prefix: '/v2',
      cookiePath: { '/v2': '/api' },
      requestHeaders: { set: { 'X-Client': '{remote_addr}' }, remove: ['Cookie'] },
      responseHeaders: { remove: ['X-Powered-By'], add: { 'X-Served-For': '{host}' } },
    });
    const answer = await exchange(proxy.port, get('/api/x?y', 'Cookie: a=1\r\nX-Client: me\r\n'));
    expect(upstream.received[0]).toMatch(/^GET \/v2\/x\?y HTTP/);
    expect(upstream.received[0]).toMatch(/X-Forwarded-Prefix: \/api\r\n/);
    expect(upstream.received[0]).toMatch(/X-Client: 127\.0\.0\.1\r\n/);
    expect(upstream.received[0]).not.toMatch(/cookie|X-Client: me/i);
    expect(answer).toContain('Location: http://site.example/api/next\r\n');
    expect(answer).toContain('Set-Cookie: a=b; Path=/api\r\n');
    expect(answer).toContain('X-Served-For: site.example\r\n');
    expect(answer).not.toContain('PHP');
  });

  test('the Host field', async () => {
    await using upstream = await echo('x');
    await using own = await startProxy([upstream.url], { host: 'upstream' });
    await using named = await startProxy([upstream.url], { host: { name: 'app.internal' } });
    await exchange(own.port, get('/'));
    await exchange(named.port, get('/'));
    expect(upstream.received[0]).toContain(`Host: 127.0.0.1:${upstream.port}\r\n`);
    expect(upstream.received.join('')).toContain('Host: app.internal\r\n');
  });

  test('a PROXY header goes ahead, and the connection is for nobody else', async () => {
    await using upstream = await echo('x');
    await using proxy = await startProxy([upstream.url], { proxyProtocol: 1 });
    for (let i = 0; i < 2; i++) await exchange(proxy.port, get('/'));
    expect(upstream.received).toHaveLength(2);
    for (const text of upstream.received) {
      expect(text).toMatch(/^PROXY TCP4 127\.0\.0\.1 [\d.]+ \d+ \d+\r\nGET /);
    }
  });

  test('Server-Timing and request ids', async () => {
    await using upstream = await echo('x');
    await using proxy = await startProxy([upstream.url], { serverTiming: true, traceparent: true });
    const answer = await exchange(proxy.port, get('/', 'X-Request-Id: abc\r\n'));
    expect(answer).toMatch(/Server-Timing: proxy-connect;dur=[\d.]+, upstream;dur=[\d.]+\r\n/);
    expect(answer).toContain('X-Request-Id: abc\r\n');
    expect(upstream.received[0]).toContain('X-Request-Id: abc\r\n');
    expect(upstream.received[0]).toMatch(/Traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-00\r\n/);
  });

  test('an explanation, for those who are trusted and ask', async () => {
    await using upstream = await echo('x');
    const explain = { isTrusted: ({ HTTP_X_KEY }: Environ) => HTTP_X_KEY === 'secret' };
    await using proxy = await startProxy([upstream.url], { explain });
    const ask = 'X-Highball-Explain: 1\r\n';
    expect(await exchange(proxy.port, get('/', ask))).not.toMatch(/explain/i);
    const answer = await exchange(proxy.port, get('/', `${ask}X-Key: secret\r\n`));
    expect(answer).toMatch(
      /X-Highball-Explain: rule=-; cache=-; peer=http:\/\/127\.0\.0\.1:\d+; attempts=1; connection=kept; connect=0\.0ms; first-byte=[\d.]+ms; total=[\d.]+ms\r\n/,
    );
    expect(upstream.received.join('')).not.toMatch(/explain/i);
    expect(await exchange(proxy.port, get('/', 'X-Key: secret\r\n'))).not.toMatch(/explain/i);
  });
});
