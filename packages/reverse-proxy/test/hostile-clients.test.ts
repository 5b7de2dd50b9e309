import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ok, standstill, startProxy, startUpstream } from './support.ts';

const headEnd = '\r\n\r\n';

/** What the upstream got of a request, and what the client of the answer. */
async function send(request: string): Promise<{ got: string; answer: string }> {
  await using upstream = await startUpstream((socket, received) => {
    if (received.includes(headEnd)) socket.write(ok('fine'));
  });
  await using proxy = await startProxy([upstream.url]);
  const answer = await exchange(proxy.port, request);
  return { got: upstream.received.join(''), answer };
}

const get = (fields: string): string => `GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`;
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n${body}`;
const chunks = (body: string, fields = ''): string => post(`${fields}Transfer-Encoding: chunked\r\n`, body);

describe('what could be read in two ways does not get to the upstream', () => {
  test.each([
    ['both lengths', post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'), 400],
    ['both lengths, the other way round', post('Transfer-Encoding: chunked\r\nContent-Length: 6\r\n', '0\r\n\r\nG'), 400],
    ['two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), 400],
    ['a list of lengths', post('Content-Length: 1, 1\r\n', 'a'), 400],
    ['a length with a sign', post('Content-Length: +1\r\n', 'a'), 400],
    ['a length past all numbers', post('Content-Length: 99999999999999999999\r\n', 'a'), 400],
    ['a coding that is nearly chunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 501],
    ['a coding in two fields', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'), 400],
    ['a folded field', get('X: a\r\n b\r\n'), 400],
    ['lines that end with LF', 'GET / HTTP/1.1\nHost: a\n\n', 400],
    ['a lone CR', get('X: a\rContent-Length: 3\r\n'), 400],
    ['a NUL', get('X: a\0b\r\n'), 400],
    ['a space before the colon', get('Transfer-Encoding : chunked\r\n'), 400],
    ['two Hosts', get('Host: b\r\n'), 400],
    ['a Host that would end its quotes', 'GET / HTTP/1.1\r\nHost: a";for=1.1.1.1;x="\r\n\r\n', 400],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['another expectation', post('Expect: 200-maybe\r\nContent-Length: 1\r\n', 'x'), 417],
    ['very many fields', get(Array.from({ length: 1500 }, (_, i) => `X-${i}: v\r\n`).join('')), 431],
  ])('%s', async (_, request, status) => {
    const { got, answer } = await send(request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(got).toBe('');
  }); // prettier-ignore

  // The head has gone out before these are seen: the body must not look whole.
  test.each([
    ['a size that is no hexadecimal number', chunks('0x3\r\nabc\r\n0\r\n\r\n')],
    ['a negative size', chunks('-3\r\nabc\r\n0\r\n\r\n')],
    ['a chunk without its end', chunks('3\r\nabcXX0\r\n\r\n')],
    ['an extension with a line break in quotes', chunks('3;a="x\r\n0"\r\nabc\r\n0\r\n\r\n')],
    ['an extension that ends with LF', chunks('3;a=b\nabc\r\n0\r\n\r\n')],
    ['a length among the trailers', chunks('3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n')],
    ['a password among the trailers', chunks('3\r\nabc\r\n0\r\nAuthorization: x\r\n\r\n')],
  ])('in chunks: %s', async (_, request) => {
    const { got, answer } = await send(request);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(got).not.toMatch(/\r\n0\r\n/);
  });

  test('extensions of chunks are left here', async () => {
    const { got } = await send(chunks('3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n'));
    expect(got).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/);
  });

  test('names with an underscore, which would be the same variables, are left here', async () => {
    const { got } = await send(
      get('Content_Length: 5\r\nTransfer_Encoding: chunked\r\nX_Forwarded_For: 6.6.6.6\r\n'),
    );
    expect(got).not.toMatch(/_|6\.6\.6\.6|Content-Length|Transfer-Encoding/);
  });
});

describe('Connection', () => {
  test('may not name the Host away, nor what the proxy says itself', async () => {
    const { got } = await send(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, host, x-forwarded-for, forwarded, via, x-request-id\r\n\r\n',
    );
    expect(got).toMatch(/\r\nHost: a\r\n/);
    for (const name of ['X-Forwarded-For', 'Forwarded', 'Via', 'X-Request-Id'])
      expect(got).toContain(`\r\n${name}: `);
  });

  test('may not name the length away', async () => {
    const { got } = await send(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close, content-length\r\nContent-Length: 3\r\n\r\nabc',
    );
    expect(got).toMatch(/\r\nContent-Length: 3\r\n\r\nabc$/);
  });
});

test('trailers say nothing that fields may not say', async () => {
  const trailers = [
    'X-Hop: 1',
    'X-Real-IP: 6.6.6.6',
    'X_Real_IP: 6.6.6.6',
    'Via: 1.1 x',
    'X-Request-Id: x',
    'X-T: 1',
  ];
  const { got } = await send(
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: close, x-hop\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `3\r\nabc\r\n0\r\n${trailers.join('\r\n')}\r\n\r\n`,
  );
  expect(got).toMatch(/3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n$/);
});

describe('targets', () => {
  test('in absolute-form: the host is that of the target, whatever Host says', async () => {
    const { got } = await send('GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(got).toMatch(/^GET \/x\?y HTTP\/1\.1\r\nHost: b\.example\r\n/);
    expect(got).toContain('X-Forwarded-Host: b.example');
    expect(got).not.toMatch(/host: a\r|host="a"/i);
  });

  test('with two slashes stay paths', async () => {
    const { got } = await send('GET //evil.example/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(got).toMatch(/^GET \/\/evil\.example\/x HTTP\/1\.1\r\nHost: a\r\n/);
  });

  test('that is * for OPTIONS', async () => {
    const { got } = await send('OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(got).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/);
  });
});

describe('Max-Forwards', () => {
  const asked = (method: string, left: string): ReturnType<typeof send> =>
    send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nMax-Forwards: ${left}\r\n\r\n`);

  test.each([
    ['OPTIONS', '204 No Content'],
    ['TRACE', '405 Method Not Allowed'],
  ])('0: %s is answered here', async (method, status) => {
    const { got, answer } = await asked(method, '0');
    expect(got).toBe('');
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n[^]*Allow: GET, `));
  });

  test.each(['OPTIONS', 'TRACE'])('above: %s is passed on with one less', async (method) => {
    expect((await asked(method, '5')).got).toMatch(/^Max-Forwards: 4\r$/m);
  });

  test('does not count for other methods', async () => {
    expect((await asked('GET', '0')).got).toMatch(/^GET [^]*^Max-Forwards: 0\r$/m);
  });
});

describe('an upgrade', () => {
  const upgrade = (protocol: string, more = ''): string =>
    `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade${more}\r\nUpgrade: ${protocol}\r\n`;

  test.each([
    ['h2c', undefined],
    ['H2C', undefined],
    ['HTTP/2.0', undefined],
    ['h2c, websocket', 'websocket'],
    ['websocket', 'websocket'],
  ])('to %s is offered to the upstream as %s', async (offered, passed) => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write(ok('no'));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(`${upgrade(offered, ', HTTP2-Settings')}HTTP2-Settings: AAMAAABk\r\n\r\n`);
    await client.until(/no$/);
    client.destroy();
    const got = upstream.received.join('');
    expect(/^upgrade: (.*)\r$/im.exec(got)?.[1]).toBe(passed);
    expect(got).not.toMatch(/h2c|http2-settings/i);
    expect(/^connection: upgrade\r$/im.test(got)).toBe(passed !== undefined);
  });

  test('with a body is none: what stands behind it is another request', async () => {
    const { got, answer } = await send(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc',
    );
    expect(got).not.toMatch(/upgrade/i);
    expect(answer).toMatch(/fine$/);
  });

  test('in the middle of a pipeline: what stands before it is answered, what stands behind it is the tunnel’s', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (!/upgrade: echo/i.test(received)) socket.write(ok('one'));
      else if (received.endsWith(headEnd)) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      } else socket.write('two');
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(
      `GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${upgrade('echo')}\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n.`,
    );
    const answer = await client.until(/two$/);
    client.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*oneHTTP\/1\.1 101 /);
    // As it was sent: nobody here takes it for a request.
    expect(upstream.received.at(-1)).toMatch(/\r\n\r\nGET \/3 HTTP\/1\.1\r\nHost: a\r\n\r\n\.$/);
    expect(proxy.statuses.filter((status) => status === '200 OK')).toHaveLength(1);
  });

  test('that is refused in the middle of a pipeline: what stands behind it is a request', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (/upgrade: echo\r\n\r\n$/i.test(received))
        socket.write('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
      else if (received.includes('GET /3 ')) socket.write(ok('/3'));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(`${upgrade('echo')}\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(await client.until(/\/3$/)).toMatch(/^HTTP\/1\.1 403 No\r\n[^]*HTTP\/1\.1 200 OK\r\n/);
    client.destroy();
    expect(upstream.received.join('').match(/X-Forwarded-For/g)).toHaveLength(2);
  });
});

test('the rest of a request that was answered early is no other request', async () => {
  await using upstream = await startUpstream((socket, received) => {
    const isFirst = received.includes('POST');
    if (isFirst && !received.includes('hidden')) socket.write(ok('early'));
    else if (received.endsWith(headEnd)) socket.write(ok('next'));
  });
  await using proxy = await startProxy([upstream.url]);
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
  const client = await RawClient.connect(proxy.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n`);
  await client.until('early');
  client.send(hidden);
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.until(/next$/);
  client.destroy();
  expect(client.received.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(upstream.received.join('')).not.toContain('hidden');
  // The second one over a connection of its own: the first upstream still waits for the rest of its body.
  expect(upstream.received).toHaveLength(2);
});

describe('a client that resets', () => {
  test.each([
    ['in its head', 'GET / HTTP/1.1\r\nHost: a\r\nX'],
    ['in its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'],
    ['while it waits', 'GET /wait HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in the answer', 'GET /half HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['in a tunnel', 'GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'],
  ])('%s: its connection to the upstream ends, and the next request is served', async (_, request) => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.startsWith('GET /next')) socket.write(ok('next'));
      else if (received.startsWith('GET /half') && received.endsWith(headEnd)) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      } else if (received.startsWith('GET /tunnel') && received.endsWith(headEnd)) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi');
      }
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(request);
    if (!request.endsWith('X')) await expect.poll(() => upstream.received[0]).toContain(headEnd);
    if (request.includes('/half')) await client.until('half');
    if (request.includes('/tunnel')) await client.until('hi');
    client.socket.resetAndDestroy();
    await expect.poll(() => upstream.sockets.every((socket) => socket.closed)).toBe(true);
    expect(await exchange(proxy.port, 'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(
      /next$/,
    );
    expect(proxy.errors).toEqual([]);
  });
});

test('a fast client of an upstream that reads slowly is held back', async () => {
  await using slow = await startDeaf();
  await using proxy = await startProxy([slow.url]);
  const client = await RawClient.connect(proxy.port);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2e9}\r\n\r\n`);
  const piece = Buffer.alloc(65_536);
  let sent = 0;
  const pump = (): void => {
    while (sent < 2e9 && client.socket.write(piece)) sent += piece.length;
  };
  client.socket.on('drain', pump);
  pump();
  await standstill(() => sent);
  // Those of the kernel, four of them, and little of ours.
  expect(sent).toBeLessThan(50_000_000);
  client.destroy();
});

/** A server that accepts and reads nothing. */
async function startDeaf(): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined).pause()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
