import { once } from 'node:events';
import { connect as connectByNode, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { exchange, RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { ReverseProxyOptions } from '../src/index.ts';
import { get, headEnd, ok, standstill, startProxy, startUpstream } from './support.ts';

/** The lines of a message's head, names in lower case. */
function linesOf(message: string): string[] {
  const head = message.slice(0, message.indexOf(headEnd));
  return head
    .split('\r\n')
    .map((line, i) => (i === 0 ? line : line.replace(/^[^:]+/, (name) => name.toLowerCase())));
}

describe('the request', () => {
  async function forwarded(request: string): Promise<string[]> {
    await using upstream = await startUpstream((socket, received) => {
      if (received.includes(headEnd)) socket.write(ok('x'));
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, request)).toMatch(/^HTTP\/1\.1 200 /);
    return linesOf(upstream.received[0] as string);
  }

  test('keeps its method, target, Host and fields', async () => {
    const lines = await forwarded(get('/a%2Fb?c=%20', 'X-Ray: 1\r\nCookie: a=1\r\nCookie: b=2\r\n'));
    expect(lines[0]).toBe('GET /a%2Fb?c=%20 HTTP/1.1');
    expect(lines).toEqual(expect.arrayContaining(['host: site.example', 'x-ray: 1', 'cookie: a=1; b=2']));
  });

  test('loses what is for this hop only: the names in Connection first', async () => {
    const lines = await forwarded(
      get(
        '/',
        'X-Foo: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: Basic x\r\nProxy-Connection: x\r\nHTTP2-Settings: AAMAAABk\r\nTE: gzip\r\nTrailer: x\r\n',
      ).replace('Connection: close', 'Connection: close, X-Foo'),
    );
    expect(lines.join('\n')).not.toMatch(/x-foo|keep-alive|http2-|proxy-|^te:|trailer|connection/m);
  });

  test('TE: trailers is passed on', async () => {
    expect(await forwarded(get('/', 'TE: trailers\r\n'))).toContain('te: trailers');
  });

  test('says who the client is, once, whatever the client says itself', async () => {
    // The test's own address is a trusted one, so a chain of proxies is played: REMOTE_ADDR is its result.
    const lines = await forwarded(
      get(
        '/',
        'X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Prefix: /evil\r\n',
      ),
    );
    expect(lines.filter((line) => /forwarded|real-ip/.test(line))).toEqual([
      'forwarded: for=203.0.113.7;host="site.example";proto=http',
      'x-forwarded-for: 203.0.113.7',
      'x-forwarded-host: site.example',
      'x-forwarded-proto: http',
    ]);
    expect(lines).toContain('via: 1.1 highball');
  });

  test('its body is framed anew: a length', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith('hello')) socket.write(ok('x'));
    });
    await using proxy = await startProxy([upstream.url]);
    await exchange(proxy.port, get('/', 'Content-Length: 5\r\n', 'POST') + 'hello');
    expect(linesOf(upstream.received[0] as string)).toContain('content-length: 5');
  });

  test('its body is framed anew: chunks', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith('0\r\n\r\n')) socket.write(ok('x'));
    });
    await using proxy = await startProxy([upstream.url]);
    await exchange(
      proxy.port,
      get('/', 'Transfer-Encoding: chunked\r\n', 'POST') + '2;ext=1\r\nsp\r\n3\r\nlit\r\n0\r\n\r\n',
    );
    const [head, body] = (upstream.received[0] as string).split(/\r\n\r\n([^]*)/);
    expect(linesOf(`${head}${headEnd}`)).toContain('transfer-encoding: chunked');
    expect(body?.replaceAll(/[\da-f]+\r\n|\r\n/g, '')).toBe('split');
    expect(body).not.toContain('ext');
  });
});

describe('the answer', () => {
  async function answered(response: string, request = get('/')): Promise<string> {
    await using upstream = await startUpstream((socket, received) => {
      if (!received.includes(headEnd)) return;
      socket.end(response.replaceAll('PORT', String(socket.localPort)), 'latin1');
    });
    await using proxy = await startProxy([upstream.url]);
    return await exchange(proxy.port, request);
  }

  test('keeps its status, fields and body; hop-by-hop fields and Server stay behind', async () => {
    const answer = await answered(
      'HTTP/1.1 418 Short and stout\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nServer: secret/1.0\r\nConnection: X-B\r\nX-B: 1\r\nKeep-Alive: 5\r\nContent-Length: 2\r\n\r\nhi',
    );
    const lines = linesOf(answer);
    expect(lines[0]).toBe('HTTP/1.1 418 Short and stout');
    expect(lines).toEqual(
      expect.arrayContaining(['x-a: 1', 'set-cookie: a', 'set-cookie: b', 'via: 1.1 highball']),
    );
    expect(answer).not.toMatch(/x-b|keep-alive|secret/i);
    expect(answer).toMatch(/\r\n\r\nhi$/);
  });

  test('in chunks, and its trailers', async () => {
    const answer = await answered(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n',
      get('/', 'TE: trailers\r\n'),
    );
    expect(answer).toMatch(/2\r\nhi\r\n0\r\nX-Sum: 9\r\n\r\n$/);
  });

  test('that ends with the connection', async () => {
    expect(await answered('HTTP/1.0 200 OK\r\n\r\nuntil the end')).toContain('until the end');
  });

  test('to HEAD has no body', async () => {
    const answer = await answered('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n', get('/', '', 'HEAD'));
    expect(answer).toMatch(/Content-Length: 99\r\n[^]*\r\n\r\n$/);
  });

  test('103 is passed on', async () => {
    const answer = await answered(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok('x')}`);
    expect(answer).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  test('a Location with the upstream’s own address is made the client’s', async () => {
    const answer = await answered(
      'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:PORT/x?y\r\nContent-Length: 0\r\n\r\n',
    );
    expect(answer).toContain('Location: http://site.example/x?y\r\n');
  });

  test('other Locations stay', async () => {
    const answer = await answered(
      'HTTP/1.1 302 Found\r\nLocation: https://other.example/x\r\nContent-Length: 0\r\n\r\n',
    );
    expect(answer).toContain('Location: https://other.example/x\r\n');
  });
});

describe('connections to an upstream', () => {
  test('are used again, the last one first', async () => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd)) socket.write(ok(String(index)));
    });
    await using proxy = await startProxy([upstream.url]);
    const bodies = [];
    for (let i = 0; i < 5; i++) bodies.push((await exchange(proxy.port, get('/'))).split(headEnd)[1]);
    expect(bodies).toEqual(['0', '0', '0', '0', '0']);
  });

  test('have after many requests the listeners that they had after one', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write(ok('x'));
    });
    const opened: Socket[] = [];
    const connect: NonNullable<ReverseProxyOptions['connect']> = (target) => {
      const socket = connectByNode({ ...target });
      opened.push(socket);
      return socket;
    };
    await using proxy = await startProxy([upstream.url], { connect });
    const count = (): number[] =>
      ['data', 'end', 'error', 'timeout', 'close', 'drain'].map(
        (event) => opened[0]?.listenerCount(event) ?? -1,
      );
    await exchange(proxy.port, get('/'));
    const first = count();
    for (let i = 0; i < 15; i++) await exchange(proxy.port, get('/'));
    expect(opened).toHaveLength(1);
    expect(count()).toEqual(first);
  });

  test('that nobody uses are closed after a while', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write(ok('x'));
    });
    await using proxy = await startProxy([upstream.url], { idleTimeoutMs: 50 });
    for (let i = 0; i < 2; i++) await exchange(proxy.port, get('/'));
    await expect.poll(() => upstream.sockets[0]?.closed).toBe(true);
  });

  test('are not used again when something unasked for comes', async () => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd)) socket.write(`${ok(String(index))}${index === 0 ? ok('poison') : ''}`);
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/0$/);
    expect(await exchange(proxy.port, get('/'))).toMatch(/1$/);
  });

  test('are not used again when the answer came before the whole request', async () => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.includes(headEnd) && !received.includes('rest')) socket.write(ok(String(index)));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
    await client.until(/\r\n\r\n0$/);
    client.destroy();
    expect(await exchange(proxy.port, get('/'))).toMatch(/1$/);
  });

  test('reach a Unix socket too', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'up.sock');
    const server = createServer((socket) => socket.on('data', () => socket.write(ok('unix')))).listen(path);
    await once(server, 'listening');
    await using proxy = await startProxy([`unix:${path}`]);
    const answer = await exchange(proxy.port, get('/'));
    expect(answer).toMatch(/unix$/);
    expect(answer).not.toContain(path);
    server.close();
  });
});

describe('the client', () => {
  test('that leaves takes its request along', async () => {
    const gone = Promise.withResolvers<void>();
    await using upstream = await startUpstream((socket) => socket.once('close', () => gone.resolve()));
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => upstream.received.length).toBe(1);
    client.destroy();
    await gone.promise;
    await expect.poll(() => proxy.statuses).toEqual(['499 Client Closed Request']);
    expect(proxy.errors).toEqual([]);
  });

  test('that leaves inside the answer ends it', async () => {
    const gone = Promise.withResolvers<void>();
    await using upstream = await startUpstream((socket) => {
      socket.once('close', () => gone.resolve());
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('hello');
    client.destroy();
    await gone.promise;
  });

  test('that breaks off its request does not make it look whole', async () => {
    await using upstream = await startUpstream(() => undefined);
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    await expect.poll(() => upstream.received[0]).toContain('half');
    const closed = once(upstream.sockets[0]!, 'close');
    client.destroy();
    await closed;
    expect(upstream.received[0]).not.toMatch(/\r\n0\r\n/);
  });

  test('that reads slowly holds the upstream back', async () => {
    let sent = 0;
    await using upstream = await startUpstream((socket) => {
      const piece = Buffer.alloc(65_536, 'x');
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${1e9}\r\n\r\n`);
      const pump = (): void => {
        while (sent < 1e9 && socket.write(piece)) sent += piece.length;
      };
      socket.on('drain', pump);
      pump();
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await standstill(() => sent);
    expect(sent).toBeLessThan(50_000_000);
    client.destroy();
  });
});

test('events of a stream arrive one by one', async () => {
  const next = Promise.withResolvers<void>();
  await using upstream = await startUpstream((socket) => {
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n',
    );
    void next.promise.then(() => socket.write('9\r\ndata: 2\n\n\r\n'));
  });
  await using proxy = await startProxy([upstream.url]);
  const client = await RawClient.connect(proxy.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until('data: 1');
  next.resolve();
  await client.until('data: 2');
  client.destroy();
});

test('an upgrade becomes a tunnel, both ways', async () => {
  await using upstream = await startUpstream((socket, received) => {
    if (received.endsWith(headEnd)) {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: 1\r\n\r\nhello',
      );
    } else if (received.endsWith('ping')) socket.write('pong');
  });
  await using proxy = await startProxy([upstream.url]);
  const client = await RawClient.connect(proxy.port);
  client.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await client.until('hello');
  expect(linesOf(upstream.received[0] as string)).toEqual(
    expect.arrayContaining(['connection: upgrade', 'upgrade: echo']),
  );
  expect(client.received).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[^]*X-A: 1\r\n/);
  expect(client.received).toMatch(/connection: upgrade\r\n/i);
  client.send('ping');
  await client.until('pong');
  client.destroy();
  await expect.poll(() => upstream.sockets[0]?.destroyed || upstream.sockets[0]?.readableEnded).toBe(true);
});

test('an upgrade that is refused is an answer like any other', async () => {
  await using upstream = await startUpstream((socket, received) => {
    if (received.endsWith(headEnd)) socket.write('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno');
  });
  await using proxy = await startProxy([upstream.url]);
  const client = await RawClient.connect(proxy.port);
  client.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await client.until(/403 No\r\n[^]*no$/);
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(/403 No[^]*403 No/);
  client.destroy();
});
