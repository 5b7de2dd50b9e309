import { DirectWriter } from '@highball/direct-writes';
import { type Application, Deferred, type Environ, type ResponseBody } from '@highball/gateway-protocol';
import { describe, expect, test, vi } from 'vitest';
import { bodyOf, get, last, request, serve, statusesOf, until } from './support.ts';

describe('an application that fails', () => {
  test.each<[string, Application]>([
    ['throws', () => { throw new Error('secret'); }],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['returns a generator that throws', (_environ, start) => {
      start('200 OK', []);
      return (function* body(): Generator<string> { throw new Error('secret'); })(); // oxlint-disable-line require-yield
    }],
    ['returns an async generator that throws', (_environ, start) => {
      start('200 OK', []);
      return (async function* body(): AsyncGenerator<string> { throw new Error('secret'); })(); // oxlint-disable-line require-yield
    }],
  ])('%s before the head: 500 without the reason, a log line with the stack, and the connection goes on', async (_name, app) => {
    await using server = await serve(app);
    const answer = await server.exchange(get('/one') + last('/two'));
    expect(statusesOf(answer)).toEqual([500, 500]);
    expect(answer).not.toContain('secret');
    const { details } = server.log.entries[0] ?? {};
    expect((details?.['err'] as Error | undefined)?.stack).toContain('exchange.test.ts');
    expect(details).toMatchObject({ method: 'GET', path: '/one', peer: '127.0.0.1' });
  }); // prettier-ignore

  test.each<[string, Application]>([
    ['generator', (_environ, start) => {
      start('200 OK', []);
      return (function* body() { yield 'half'; throw new Error('x'); })();
    }],
    ['async generator', (_environ, start) => {
      start('200 OK', []);
      return (async function* body() { yield 'half'; throw new Error('x'); })();
    }],
  ])('in the middle of the body of a %s: what was sent arrives, and the connection is cut', async (_name, app) => {
    await using server = await serve(app);
    const answer = await server.exchange(get('/') + get('/'));
    expect(bodyOf(answer)).toBe('4\r\nhalf\r\n');
    expect(server.log.errors()).toEqual(['the application failed: x']);
    expect(server.records).toMatchObject([{ status: '200 OK', bodyBytes: 4, complete: false }]);
  }); // prettier-ignore

  test('in the middle of a body that ends with the connection: the connection is reset', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return (async function* body() {
        yield 'half';
        await new Promise((resolve) => setTimeout(resolve, 20));
        throw new Error('x');
      })();
    });
    const client = await server.connect();
    const error = new Promise<NodeJS.ErrnoException>((resolve) => client.socket.once('error', resolve));
    client.send('GET / HTTP/1.0\r\n\r\n');
    expect((await error).code).toBe('ECONNRESET');
  });

  test('with what is no Error is 500 as well', async () => {
    await using server = await serve(() => {
      throw undefined; // oxlint-disable-line no-throw-literal
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
  });

  test('after it has read a part of a body: the connection goes on', async () => {
    await using server = await serve(async (environ) => {
      await environ['wsgi.input'].read(2);
      throw new Error('x');
    });
    const answer = await server.exchange(request('POST', '/', [], 'abcdef') + last('/'));
    expect(statusesOf(answer)).toEqual([500, 500]);
  });
});

test('an application that reads on after its answer, on a connection that closes, is told', async () => {
  let failure: unknown;
  await using server = await serve((environ, start) => {
    environ['wsgi.input'].read().catch((error: unknown) => (failure = error));
    start('200 OK', []);
    return ['x'];
  });
  const client = await server.connect();
  client.send('POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc');
  await client.closed;
  await until(() => failure !== undefined);
  expect(failure).toMatchObject({ code: 'RESPONSE_OVER' });
});

describe('what an application returns', () => {
  test('a string is one piece', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return 'hello' as unknown as ResponseBody;
    });
    expect(await server.exchange(last('/'))).toMatch(/Content-Length: 5\r\n[^]*\r\n\r\nhello$/);
  });

  test.each([
    ['a Uint8Array', Buffer.from('x'), /Uint8Array.*\['Hello'\]/],
    ['null', null, /returned null.*\['Hello'\]/],
    ['undefined', undefined, /returned undefined/],
    ['a number', 7, /returned number/],
    ['an object', { a: 1 }, /returned object/],
  ])('%s is refused, with the mend', async (_name, body, message) => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return body as unknown as ResponseBody;
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.codes()).toEqual(['BAD_BODY']);
    expect(server.log.errors()[0]).toMatch(message);
  });

  test('a piece that is neither string nor Uint8Array is refused', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return [7 as unknown as string];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([500]);
    expect(server.log.codes()).toEqual(['BAD_CHUNK']);
  });
});

describe('a deferred body', () => {
  test('is sent from within the call that settles it', async () => {
    const write = vi.spyOn(DirectWriter.prototype, 'write');
    const body = new Deferred<ResponseBody>();
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return body;
    });
    const client = await server.connect();
    client.send(last('/'));
    await until(() => server.worker.stats().requests === 1);
    expect(write).not.toHaveBeenCalled();
    body.resolve(['whole']);
    expect(write).toHaveBeenCalledOnce();
    write.mockRestore();
    await client.closed;
    expect(bodyOf(client.received)).toBe('whole');
  });

  test('that fails is an error of the application', async () => {
    await using server = await serve(() => {
      const body = new Deferred<ResponseBody>();
      queueMicrotask(() => body.reject(new Error('secret')));
      return body;
    });
    const answer = await server.exchange(get('/one') + last('/two'));
    expect(statusesOf(answer)).toEqual([500, 500]);
    expect(answer).not.toContain('secret');
  });
});

describe('highball.trailers', () => {
  test('has the trailers once the body was read, and nothing before', async () => {
    const seen: unknown[] = [];
    await using server = await serve(async (environ, start) => {
      const trailers = environ['highball.trailers'] as () => unknown;
      // All of it has come by then.
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(trailers());
      await environ['wsgi.input'].read();
      seen.push(trailers());
      start('200 OK', []);
      return [];
    });
    const text = request('POST', '/', ['Transfer-Encoding: chunked', 'Connection: close']);
    await server.exchange(`${text}3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-More: 8\r\n\r\n`);
    expect(seen).toEqual([[], [['X-Sum', '7'], ['X-More', '8']]]); // prettier-ignore
  });
});

describe('onResponse', () => {
  test('is told of every request at its end', async () => {
    await using server = await serve((environ, start) => {
      start('201 Created', []);
      server.clock.advance(5);
      return [environ.PATH_INFO, 'x'];
    });
    await server.exchange(get('/one') + last('/three'));
    expect(server.records).toMatchObject([
      { status: '201 Created', bodyBytes: 5, durationMs: 5, complete: true, environ: { PATH_INFO: '/one' } },
      { status: '201 Created', bodyBytes: 7, durationMs: 5, complete: true },
    ]);
  });

  test('that fails does not fail the request', async () => {
    await using server = await serve(
      (_environ: Environ, start) => {
        start('200 OK', []);
        return ['x'];
      },
      {
        onResponse: () => {
          throw new Error('hook');
        },
      },
    );
    expect(statusesOf(await server.exchange(get('/') + last('/')))).toEqual([200, 200]);
    expect(server.log.errors()).toEqual([
      'the hook onResponse failed: hook',
      'the hook onResponse failed: hook',
    ]);
  });
});
