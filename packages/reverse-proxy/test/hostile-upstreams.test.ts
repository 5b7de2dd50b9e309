import { once } from 'node:events';
import type { Socket } from 'node:net';
import { exchange, RawClient, Resources } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { type Front, headEnd, ok, startProxy, startUpstream, type Upstream } from './support.ts';

const get = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Asks through a proxy in front of an upstream that answers each request with this. */
async function asked(
  answer: string,
  { request = get, end = false }: { request?: string; end?: boolean } = {},
): Promise<{ answer: string; upstream: Upstream; front: Front } & AsyncDisposable> {
  const resources = new Resources();
  const upstream = resources.use(
    await startUpstream((socket, received) => {
      if (!received.endsWith(headEnd)) return;
      socket.write(Buffer.from(answer, 'latin1'));
      if (end) socket.end();
    }),
  );
  const front = resources.use(await startProxy([upstream.url], { readTimeoutMs: 2000 }));
  const text = await exchange(front.port, request);
  return { answer: text, upstream, front, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() };
}

const answerOf = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n${body}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

describe('what could be read in two ways, or splits the answer, is 502 and nothing of it gets through', () => {
  test.each([
    ['a lone CR', answerOf('X: a\rSet-Cookie: evil\r\nContent-Length: 0\r\n'), 'BARE_CR'],
    ['a lone LF', answerOf('X: a\nSet-Cookie: evil\r\nContent-Length: 0\r\n'), 'BARE_LF'],
    ['a NUL', answerOf('X: a\0evil\r\nContent-Length: 0\r\n'), 'BAD_FIELD_VALUE'],
    ['a folded field', answerOf('X: a\r\n evil\r\nContent-Length: 0\r\n'), 'OBSOLETE_FOLD'],
    ['a space before the colon', answerOf('Content-Length : 4\r\n', 'evil'), 'BAD_FIELD_NAME'],
    ['both lengths', answerOf(`Content-Length: 4\r\n${CHUNKED}`, '4\r\nevil\r\n0\r\n\r\n'), 'AMBIGUOUS_FRAMING'],
    ['two lengths', answerOf('Content-Length: 4\r\nContent-Length: 5\r\n', 'evil'), 'REPEATED_FIELD'],
    ['a list of lengths', answerOf('Content-Length: 4, 4\r\n', 'evil'), 'BAD_CONTENT_LENGTH'],
    ['a negative length', answerOf('Content-Length: -4\r\n', 'evil'), 'BAD_CONTENT_LENGTH'],
    ['a coding nobody knows', answerOf('Transfer-Encoding: evil\r\n', 'evil'), 'TRANSFER_CODING'],
    ['a coding below chunked', answerOf('Transfer-Encoding: gzip, chunked\r\n', '4\r\nevil\r\n0\r\n\r\n'), 'TRANSFER_CODING'],
    ['chunks in HTTP/1.0', `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n4\r\nevil\r\n0\r\n\r\n`, 'BAD_TRANSFER_ENCODING'],
    ['a chunk of negative size', answerOf(CHUNKED, '-4\r\nevil\r\n0\r\n\r\n'), 'BAD_CHUNK_SIZE'],
    ['a chunk past all numbers', answerOf(CHUNKED, 'FFFFFFFFFFFFFFFFF\r\nevil\r\n0\r\n\r\n'), 'BAD_CHUNK_SIZE'],
    ['a length among the trailers', answerOf(CHUNKED, '0\r\nContent-Length: 4\r\n\r\nevil'), 'FORBIDDEN_TRAILER'],
    ['a cookie among the trailers', answerOf(CHUNKED, '0\r\nSet-Cookie: evil\r\n\r\n'), 'FORBIDDEN_TRAILER'],
    ['a status of two digits', 'HTTP/1.1 099 evil\r\n\r\n', 'BAD_STATUS'],
    ['a status of four digits', 'HTTP/1.1 2000 evil\r\n\r\n', 'BAD_STATUS'],
    ['another version', 'HTTP/2.0 200 evil\r\n\r\n', 'VERSION_NOT_SUPPORTED'],
    ['no head at all', '<p>evil</p>\r\n\r\n', 'BAD_VERSION'],
    ['very many fields', answerOf('X: evil\r\n'.repeat(3000)), 'TOO_MANY_FIELDS'],
    ['a field without end', answerOf(`X: ${'evil'.repeat(50_000)}\r\n`), 'FIELD_TOO_LARGE'],
    ['101 to another protocol', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\n', 'switches to a protocol'],
  ])('%s', async (_, response, code) => {
    await using run = await asked(response, {
      request: response.includes(' 101 ')
        ? 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n'
        : get,
    });
    expect(run.answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(run.answer).not.toContain('evil');
    expect(run.front.log.join()).toContain(code);
    // Asked once: it is not the connection's fault.
    expect(run.upstream.received).toHaveLength(1);
    await expect.poll(() => run.upstream.sockets[0]?.closed).toBe(true);
  }); // prettier-ignore

  test('101 that names no protocol', async () => {
    await using run = await asked('HTTP/1.1 101 Switching Protocols\r\n\r\n', {
      request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n',
    });
    expect(run.answer).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('bytes behind an answer that has no body are nobody’s', () => {
  test.each([
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
    ['HEAD in chunks', 'HEAD', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n4\r\nevil\r\n0\r\n\r\n`],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil'],
    ['204 in chunks', 'GET', `HTTP/1.1 204 No Content\r\n${CHUNKED}\r\n4\r\nevil\r\n0\r\n\r\n`],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil'],
    ['a second answer', 'GET', `${ok('x')}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`],
  ])('%s', async (_, method, response) => {
    await using upstream = await startUpstream((socket, received, index) => {
      if (received.endsWith(headEnd)) socket.write(index === 0 ? response : ok('good'));
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.until(headEnd);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await client.until(/good$/)).not.toContain('evil');
    client.destroy();
    expect(upstream.received).toHaveLength(2);
  });

  test('204 loses a length that it may not have', async () => {
    await using run = await asked('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
    expect(run.answer).toMatch(/^HTTP\/1\.1 204 [^]*\r\n\r\n$/);
    expect(run.answer).not.toMatch(/content-length/i);
  });

  test('304 keeps the length of what it stands for', async () => {
    await using run = await asked('HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n');
    expect(run.answer).toContain('\r\nContent-Length: 4\r\n');
  });
});

describe('answers of 1xx', () => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';

  test('a flood of them is cut off', async () => {
    await using run = await asked(hint.repeat(1000) + ok('x'));
    expect(run.answer.split('103 Early Hints').length).toBeLessThan(40);
    expect(run.answer).toMatch(/HTTP\/1\.1 502 Bad Gateway\r\n[^]*$/);
  });

  test('and then the end: 502 behind them', async () => {
    await using run = await asked(hint, { end: true });
    expect(run.answer).toMatch(/^HTTP\/1\.1 103 [^]*\r\n\r\nHTTP\/1\.1 502 Bad Gateway\r\n/);
  });

  test('and then the next server: hints of the first, the answer of the second', async () => {
    await using first = await startUpstream((socket, received) => {
      if (received.endsWith(headEnd)) socket.write(hint, () => socket.resetAndDestroy());
    });
    await using second = await startUpstream((socket) => void socket.write(ok('second')));
    await using proxy = await startProxy([first.url, second.url]);
    const answer = await exchange(proxy.port, get);
    // Something of an answer was there: what it did before that is not known.
    expect(answer).toMatch(/^(HTTP\/1\.1 103 [^]*\r\n\r\n)?HTTP\/1\.1 502 /);
    expect(second.received).toEqual([]);
  });

  test('have no fields of this hop, nor of the framing', async () => {
    await using run = await asked(
      'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nServer: x\r\nX-Accel-Redirect: /x\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n' +
        ok('x'),
    );
    expect(run.answer).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  test('are not for clients of HTTP/1.0', async () => {
    await using run = await asked(hint + ok('x'), { request: 'GET / HTTP/1.0\r\n\r\n' });
    expect(run.answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('that nobody knows are passed over', async () => {
    await using run = await asked(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 Soon\r\n\r\n${ok('x')}`);
    expect(run.answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});

describe('fields of an answer', () => {
  test('that Connection names, in any of its places, stay behind', async () => {
    await using run = await asked(
      answerOf(
        'Connection: close, X-A\r\nConnection: x-b\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\nContent-Length: 0\r\n',
      ),
    );
    expect(run.answer).toContain('\r\nX-C: 3\r\n');
    expect(run.answer).not.toMatch(/X-A|X-B/i);
  });

  test('among the trailers: those of this hop and those for proxies stay behind', async () => {
    await using run = await asked(
      answerOf(CHUNKED, '2\r\nhi\r\n0\r\nX-T: 1\r\nX-Accel-Redirect: /evil\r\nServer: evil\r\n\r\n'),
    );
    expect(run.answer).toMatch(/\r\n0\r\nX-T: 1\r\n\r\n$/);
  });

  test('names with a byte that is not ASCII, and reasons of it, do not break the head', async () => {
    await using run = await asked('HTTP/1.1 200 \xfcber\r\nX: \xe4\r\nContent-Length: 0\r\n\r\n');
    expect(run.answer).toMatch(/^HTTP\/1\.1 200 \xfcber\r\nX: \xe4\r\n/);
  });
});

describe('a reset', () => {
  /** Writes this, and resets once it was read. */
  const resetBehind =
    (text: string) =>
    (socket: Socket, received: string): void => {
      if (received.includes(headEnd))
        socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20));
    };

  test.each([
    ['on its head', 'HTTP/1.1 200 OK\r\nX: '],
    ['behind early hints', 'HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n'],
  ])('%s: 502', async (_, text) => {
    await using upstream = await startUpstream(resetBehind(text));
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get)).toMatch(/HTTP\/1\.1 502 /);
    expect(upstream.received).toHaveLength(1);
  });

  test.each([
    ['a length', answerOf('Content-Length: 10\r\n', 'half')],
    ['chunks', answerOf(CHUNKED, '4\r\nhalf\r\n')],
    ['neither', answerOf('', 'half')],
  ])('in a body with %s: the client is cut off', async (_, text) => {
    await using upstream = await startUpstream(resetBehind(text));
    await using proxy = await startProxy([upstream.url]);
    const answer = await exchange(proxy.port, get);
    expect(answer).toMatch(/half(\r\n)?$/);
    expect(upstream.received).toHaveLength(1);
  });

  test.each([
    ['neither', answerOf('', 'half')],
    ['chunks', answerOf(CHUNKED, '4\r\nhalf\r\n')],
  ])('in a body with %s: a client of HTTP/1.0 sees a reset, no end', async (_, text) => {
    await using upstream = await startUpstream(resetBehind(text));
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    const broken = once(client.socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code);
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect(await broken).toBe('ECONNRESET');
    client.destroy();
  });

  test('in the request’s body: 502, once', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.includes('half')) socket.resetAndDestroy();
    });
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf');
    await client.until('HTTP/1.1 502 ');
    client.destroy();
    expect(upstream.received).toHaveLength(1);
  });

  test('right behind an early answer: the answer counts', async () => {
    await using upstream = await startUpstream(
      resetBehind('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig'),
    );
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf');
    expect(await client.until(/big$/)).toMatch(/^HTTP\/1\.1 413 /);
    client.destroy();
  });
});

test('an upstream that says no more before it answers: 502', async () => {
  await using upstream = await startUpstream((socket) => void socket.end());
  await using proxy = await startProxy([upstream.url]);
  expect(await exchange(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 /);
});
