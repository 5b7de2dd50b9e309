import type { Application, HeaderList, StartResponse } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { bodyOf, get, last, request, serve, statusesOf } from './support.ts';

/** An application that begins its response so, and returns this body. */
function answering(status: string, headers: HeaderList, body: Iterable<string | Uint8Array>): Application {
  return (_environ, start) => {
    start(status, headers);
    return body;
  };
}

const http10 = 'GET / HTTP/1.0\r\n\r\n';

describe('start_response', () => {
  test('nothing is sent before the first piece that is not empty', async () => {
    let go: (() => void) | undefined;
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return (async function* body() {
        yield '';
        await new Promise<void>((resolve) => (go = resolve));
        yield 'x';
      })();
    });
    const client = await server.connect();
    client.send(get('/'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.received).toBe('');
    go?.();
    await client.until('1\r\nx\r\n0\r\n\r\n');
  });

  test('a second call without an error is the application’s fault', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      start('201 Created', []);
      return ['x'];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.codes()).toEqual(['START_RESPONSE_TWICE']);
  });

  test('with an error, before the head has left, it replaces the response', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', [['X-Old', '1']]);
      start('503 Service Unavailable', [['X-New', '1']], new Error('no'));
      return ['sorry'];
    });
    const answer = await server.exchange(last('/'));
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nX-New: 1\r\n/);
    expect(answer).not.toContain('X-Old');
    expect(server.log.entries).toEqual([]);
  });

  test('with an error, after the head has left, it throws that error and the connection is cut', async () => {
    let thrown: unknown;
    const failure = new Error('too late');
    await using server = await serve((_environ, start) => {
      const write = start('200 OK', []);
      void write('begun');
      try {
        start('500 Oops', [], failure);
      } catch (error) {
        thrown = error;
        throw error;
      }
      return [];
    });
    const answer = await server.exchange(get('/'));
    expect(thrown).toBe(failure);
    expect(answer).toContain('begun');
    expect(answer.endsWith('0\r\n\r\n')).toBe(false);
    expect(server.log.errors()).toEqual(['the application failed: too late']);
  });

  test('after the end of the response it throws', async () => {
    let stale: StartResponse | undefined;
    await using server = await serve((_environ, start) => {
      stale ??= start;
      start('200 OK', []);
      return ['x'];
    });
    await server.exchange(last('/'));
    expect(() => stale?.('200 OK', [], new Error('x'))).toThrow('x');
    expect(() => stale?.('200 OK', [])).toThrow(/after the end/);
  });

  test('never called is the application’s fault', async () => {
    await using server = await serve(() => ['x']);
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.codes()).toEqual(['NO_START_RESPONSE']);
  });

  test.each<[string, string, unknown, string | undefined]>([
    ['an interim status', '100 Continue', [], 'BAD_STATUS'],
    ['a status without a code', 'OK', [], 'BAD_STATUS_LINE'],
    ['a status with a line break', '200 OK\r\nX: y', [], 'BAD_STATUS_LINE'],
    ['no list of headers', '200 OK', { a: 'b' }, 'BAD_HEADERS'],
    ['a header that is no pair', '200 OK', [['A']], 'BAD_HEADERS'],
    ['a value with CR and LF', '200 OK', [['A', 'b\r\nSet-Cookie: x']], 'BAD_VALUE'],
    ['a value with NUL', '200 OK', [['A', 'b\0']], 'BAD_VALUE'],
    ['a value beyond latin-1', '200 OK', [['A', '→']], 'BAD_VALUE'],
    ['a name that is none', '200 OK', [['A B', 'c']], 'BAD_NAME'],
    ['Transfer-Encoding', '200 OK', [['Transfer-Encoding', 'chunked']], 'SERVER_FIELD'],
    ['Keep-Alive', '200 OK', [['Keep-Alive', 'timeout=5']], 'SERVER_FIELD'],
    ['Upgrade', '200 OK', [['Upgrade', 'websocket']], 'SERVER_FIELD'],
    ['TE', '200 OK', [['TE', 'trailers']], 'SERVER_FIELD'],
    ['Connection: keep-alive', '200 OK', [['Connection', 'keep-alive']], 'SERVER_FIELD'],
    ['Content-Length twice', '200 OK', [['Content-Length', '1'], ['content-length', '1']], 'BAD_CONTENT_LENGTH'], // prettier-ignore
    ['Content-Length of no number', '200 OK', [['Content-Length', '1e3']], 'BAD_CONTENT_LENGTH'],
  ])('%s is refused at once, and the client gets 500', async (_name, status, headers, code) => {
    let thrown: { code?: string } = {};
    await using server = await serve((_environ, start) => {
      try {
        start(status, headers as HeaderList);
      } catch (error) {
        thrown = error as { code?: string };
        throw error;
      }
      return ['x'];
    });
    const answer = await server.exchange(last('/'));
    expect(statusesOf(answer)).toEqual([500]);
    expect(thrown.code).toBe(code);
    expect(server.log.codes()).toEqual([code]);
  });

  test('426 may bring its Upgrade', async () => {
    await using server = await serve(answering('426 Upgrade Required', [['Upgrade', 'websocket']], []));
    expect(await server.exchange(last('/'))).toContain('\r\nUpgrade: websocket\r\n');
  });
});

describe('the server’s own fields', () => {
  test('Date and Server are added', async () => {
    await using server = await serve(answering('200 OK', [], ['x']));
    expect(await server.exchange(last('/'))).toMatch(
      /\r\nDate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\r\nServer: highball\r\n/,
    );
  });

  test('those of the application win', async () => {
    const headers: HeaderList = [['date', 'yesterday'], ['SERVER', 'mine']]; // prettier-ignore
    await using server = await serve(answering('200 OK', headers, ['x']));
    const answer = await server.exchange(last('/'));
    expect(answer.match(/^date: .*/gim)).toEqual(['date: yesterday']);
    expect(answer.match(/^server: .*/gim)).toEqual(['SERVER: mine']);
  });

  test('serverName names another, or none', async () => {
    await using named = await serve(answering('200 OK', [], ['x']), { serverName: 'other/1' });
    expect(await named.exchange(last('/'))).toContain('\r\nServer: other/1\r\n');
    await using silent = await serve(answering('200 OK', [], ['x']), { serverName: false });
    expect(await silent.exchange(last('/'))).not.toMatch(/server:/i);
  });
});

describe('framing', () => {
  test('one piece in an array sets Content-Length', async () => {
    await using server = await serve(answering('200 OK', [], ['grün']));
    const answer = await server.exchange(last('/'));
    expect(answer).toContain('\r\nContent-Length: 5\r\n');
    expect(Buffer.from(bodyOf(answer), 'latin1').toString()).toBe('grün');
  });

  test('so do several pieces', async () => {
    await using server = await serve(answering('200 OK', [], ['a', Buffer.from([0xff]), '', 'ü']));
    const answer = await server.exchange(last('/'));
    expect(answer).toContain('\r\nContent-Length: 4\r\n');
    expect(bodyOf(answer)).toBe('a\xff\xc3\xbc');
  });

  test('no piece at all is Content-Length: 0', async () => {
    await using server = await serve(answering('200 OK', [], []));
    expect(await server.exchange(last('/'))).toContain('\r\nContent-Length: 0\r\n');
  });

  test('a body of unknown length is chunked for HTTP/1.1, without empty chunks', async () => {
    await using server = await serve(answering('200 OK', [], new Set(['one', '', 'three'])));
    const answer = await server.exchange(last('/'));
    expect(answer).toContain('\r\nTransfer-Encoding: chunked\r\n');
    expect(answer).not.toMatch(/content-length/i);
    expect(bodyOf(answer)).toBe('3\r\none\r\n5\r\nthree\r\n0\r\n\r\n');
  });

  test('for HTTP/1.0 it ends with the connection', async () => {
    await using server = await serve(answering('200 OK', [], new Set(['one', 'three'])));
    const answer = await server.exchange('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(answer).not.toMatch(/transfer-encoding|content-length|keep-alive/i);
    expect(bodyOf(answer)).toBe('onethree');
  });

  test('HTTP/1.0 closes, unless keep-alive is asked for', async () => {
    await using server = await serve(answering('200 OK', [], ['x']));
    expect(await server.exchange(http10)).toContain('\r\nConnection: close\r\n');
    const client = await server.connect();
    client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    await client.until('\r\nConnection: keep-alive\r\n');
    client.send(http10);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test.each([
    ['204 No Content', []],
    ['204 No Content', [['Content-Length', '5']]],
    ['304 Not Modified', []],
  ] as [string, HeaderList][])('%s has no body, no length and no coding', async (status, headers) => {
    await using server = await serve(answering(status, headers, new Set(['hello'])));
    const answer = await server.exchange(get('/') + last('/'));
    expect(answer).not.toMatch(/content-length|transfer-encoding|hello/i);
    expect(statusesOf(answer)).toHaveLength(2);
  });

  test('304 may say how long the body would be', async () => {
    await using server = await serve(answering('304 Not Modified', [['Content-Length', '5']], []));
    expect(await server.exchange(last('/'))).toContain('\r\nContent-Length: 5\r\n');
  });

  test('HEAD gets the fields of GET and no body', async () => {
    await using server = await serve(answering('200 OK', [], ['hello']));
    const answer = await server.exchange(request('HEAD', '/') + request('HEAD', '/', ['Connection: close']));
    expect(answer.match(/Content-Length: 5/g)).toHaveLength(2);
    expect(answer).not.toContain('hello');
  });

  test('HEAD asks a body of unknown length for its first piece only', async () => {
    let pieces = 0;
    let returned = false;
    await using server = await serve(function* body(_environ: unknown, start: StartResponse) {
      start('200 OK', []);
      try {
        for (; pieces < 1000; pieces++) yield 'hello';
      } finally {
        returned = true;
      }
    } as unknown as Application);
    await server.exchange(request('HEAD', '/', ['Connection: close']));
    expect(pieces).toBe(0);
    expect(returned).toBe(true);
  });
});

describe('Content-Length of the application', () => {
  test('a longer array is 500', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '3']], ['four']));
    const answer = await server.exchange(last('/'));
    expect(statusesOf(answer)).toEqual([500]);
    expect(answer).not.toContain('four');
    expect(server.log.codes()).toEqual(['BODY_TOO_LONG']);
  });

  test('a shorter array is 500, and so is none', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '3']], ['ab']));
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    await using empty = await serve(answering('200 OK', [['Content-Length', '3']], []));
    expect(statusesOf(await empty.exchange(last('/')))).toEqual([500]);
    expect(empty.log.codes()).toEqual(['BODY_TOO_SHORT']);
  });

  test('a first piece that is too long is 500', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '3']], new Set(['four'])));
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
  });

  test('of a later piece that is too long not a byte is sent, and the connection is cut', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '5']], new Set(['ab', 'cdef'])));
    const answer = await server.exchange(get('/'));
    expect(bodyOf(answer)).toBe('ab');
    expect(server.log.codes()).toEqual(['BODY_TOO_LONG']);
    expect(server.records.map(({ complete }) => complete)).toEqual([false]);
  });

  test('a body that ends too early is logged, and the connection is cut', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '5']], new Set(['ab'])));
    const answer = await server.exchange(get('/') + get('/'));
    expect(statusesOf(answer)).toEqual([200]);
    expect(bodyOf(answer)).toBe('ab');
    expect(server.log.codes()).toEqual(['BODY_TOO_SHORT']);
  });

  test('a body that is as long as it says is sent as it is', async () => {
    await using server = await serve(answering('200 OK', [['Content-Length', '5']], new Set(['ab', 'cde'])));
    const answer = await server.exchange(get('/') + last('/'));
    expect(statusesOf(answer)).toEqual([200, 200]);
    expect(answer).not.toContain('chunked');
    expect(answer.match(/abcde/g)).toHaveLength(2);
  });
});

describe('early hints', () => {
  const hinting: Application = (environ, start) => {
    environ['wsgi.early_hints']?.([['Link', '</a.css>; rel=preload']]);
    start('200 OK', []);
    return ['x'];
  };

  test('are sent ahead of the response, without a length or a coding', async () => {
    await using server = await serve(hinting);
    const answer = await server.exchange(last('/'));
    expect(
      answer.startsWith('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK'),
    ).toBe(true);
  });

  test('are not sent to HTTP/1.0', async () => {
    await using server = await serve(hinting);
    expect(statusesOf(await server.exchange(http10))).toEqual([200]);
  });

  test('cannot split a response', async () => {
    await using server = await serve((environ) => {
      environ['wsgi.early_hints']?.([['Link', 'x\r\n\r\nHTTP/1.1 200 OK']]);
      return [];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
  });

  test('cannot have a length', async () => {
    await using server = await serve((environ) => {
      environ['wsgi.early_hints']?.([['Content-Length', '3']]);
      return [];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.codes()).toEqual(['SERVER_FIELD']);
  });
});

describe('trailers', () => {
  test('are sent behind a chunked body', async () => {
    await using server = await serve((environ, start) => {
      start('200 OK', []);
      environ['highball.send_trailers']?.([['X-Sum', '1']]);
      environ['highball.send_trailers']?.([['X-More', '2']]);
      return ['x'];
    });
    const answer = await server.exchange(last('/'));
    expect(answer.endsWith('\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n')).toBe(true);
  });

  test('have no place behind other bodies', async () => {
    await using server = await serve((environ, start) => {
      start('200 OK', [['Content-Length', '1']]);
      environ['highball.send_trailers']?.([['X-Sum', '1']]);
      return ['x'];
    });
    expect(bodyOf(await server.exchange(last('/')))).toBe('x');
  });

  test('cannot frame or route', async () => {
    await using server = await serve((environ) => {
      environ['highball.send_trailers']?.([['Content-Length', '1']]);
      return [];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
  });
});
