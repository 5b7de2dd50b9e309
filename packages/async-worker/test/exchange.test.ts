import { DirectWriter } from '@highball/direct-writes';
import {
  type Application,
  Deferred,
  type Environ,
  type ResponseBody,
  type UpgradedConnection,
} from '@highball/gateway-protocol';
import { describe, expect, test, vi } from 'vitest';
import { RequestError } from '../src/index.ts';
import { bodyOf, deferred, echoBody, get, last, request, serve, statusesOf, until } from './support.ts';

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

describe('close() of a body', () => {
  function closing(
    body: Iterable<string> | AsyncIterable<string>,
    calls: string[],
    act?: () => Promise<void> | void,
  ): Application {
    return (_environ, start) => {
      start('200 OK', []);
      const close = (): void | Promise<void> => {
        calls.push('close');
        return act?.();
      };
      return Object.assign(body, { close }) as ResponseBody;
    };
  }

  test('is called once after an array, a generator and an async generator', async () => {
    for (const make of [
      () => ['a'],
      () => (function* body() { yield 'a'; })(),
      () => (async function* body() { yield 'a'; })(),
    ]) {
      const calls: string[] = [];
      await using server = await serve((environ, start) => closing(make(), calls)(environ, start));
      await server.exchange(last('/'));
      expect(calls).toEqual(['close']);
    }
  }); // prettier-ignore

  test('is called after an error', async () => {
    const calls: string[] = [];
    await using server = await serve(
      closing((function* body() { yield 'a'; throw new Error('x'); })(), calls), // prettier-ignore
    );
    await server.exchange(get('/'));
    expect(calls).toEqual(['close']);
  });

  test('is called when the client leaves while a piece is awaited', async () => {
    const calls: string[] = [];
    await using server = await serve(
      closing((async function* body() { yield 'a'; await new Promise(() => undefined); })(), calls), // prettier-ignore
    );
    const client = await server.connect();
    client.send(get('/'));
    await client.until('a');
    client.socket.resetAndDestroy();
    await until(() => calls.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toEqual(['close']);
  });

  test('is called when the client leaves before the application has answered', async () => {
    const calls: string[] = [];
    const answer = deferred();
    await using server = await serve(async (environ, start) => {
      await answer.promise;
      return closing(['a'], calls)(environ, start);
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    answer.resolve();
    await until(() => calls.length > 0);
    expect(calls).toEqual(['close']);
    expect(server.records).toMatchObject([{ complete: false, bodyBytes: 0 }]);
  });

  test('is awaited before the next request, but not by the client', async () => {
    const calls: string[] = [];
    const slow = deferred();
    await using server = await serve((environ, start) =>
      closing(['a'], calls, () => slow.promise)(environ, start),
    );
    const client = await server.connect();
    client.send(get('/') + last('/'));
    await client.until('\r\n\r\na');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.worker.stats().requests).toBe(1);
    slow.resolve();
    await client.closed;
    expect(calls).toEqual(['close', 'close']);
  });

  test('comes after the answer was written, also when it takes its time without a promise', async () => {
    const write = vi.spyOn(DirectWriter.prototype, 'write');
    const written: boolean[] = [];
    const note = (): void =>
      void written.push(write.mock.calls.some(([data]) => String(data).includes('200 OK')));
    await using server = await serve((environ, start) => closing(['a'], [], note)(environ, start));
    await server.exchange(last('/'));
    write.mockRestore();
    expect(written).toEqual([true]);
  });

  test('that fails is logged, and the response stands', async () => {
    for (const act of [() => Promise.reject(new Error('rejected')), () => { throw new Error('thrown'); }]) {
      await using server = await serve((environ, start) => closing(['a'], [], act)(environ, start));
      const answer = await server.exchange(get('/') + last('/'));
      expect(statusesOf(answer)).toEqual([200, 200]);
      expect(server.log.errors()[0]).toMatch(/close\(\) of a response body failed: (rejected|thrown)/);
    }
  }); // prettier-ignore
});

describe('100 Continue', () => {
  const expecting = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n';

  test('is sent when the application first reads, and only then', async () => {
    const go = deferred();
    await using server = await serve(async (environ, start) => {
      await go.promise;
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(expecting);
    await until(() => server.worker.stats().active === 1);
    expect(client.received).toBe('');
    go.resolve();
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    await client.until('\r\n\r\nabc');
    expect(statusesOf(client.received)).toEqual([100, 200]);
  });

  test('is not sent when the application answers without reading; the connection closes', async () => {
    await using server = await serve((_environ, start) => {
      start('413 Content Too Large', []);
      return ['no'];
    });
    const client = await server.connect();
    client.send(expecting);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([413]);
    expect(client.received).toContain('\r\nConnection: close\r\n');
  });

  test('is not sent to a client that has sent its body already', async () => {
    await using server = await serve(async (environ, start) => {
      await new Promise((resolve) => setImmediate(resolve));
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(`${expecting}abc${last('/')}`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test('is not sent to a client that has sent a part of its body already', async () => {
    await using server = await serve(echoBody);
    const client = await server.connect();
    client.send(`${expecting}ab`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.send(`c${last('/')}`);
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200, 200]);
  });

  test('is not sent to HTTP/1.0', async () => {
    await using server = await serve(async (environ, start) => {
      const body = await environ['wsgi.input'].read();
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.send(expecting.replace('1.1', '1.0'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(client.received).toBe('');
    client.send('abc');
    await client.closed;
    expect(statusesOf(client.received)).toEqual([200]);
  });
});

describe('highball.upgrade', () => {
  const upgrading = get('/', 'Connection: Upgrade', 'Upgrade: echo');
  const echo: Application = (environ) => {
    const { socket, head } = (environ['highball.upgrade'] as () => UpgradedConnection)();
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.write(head);
    // Later on: nothing that comes in between may be lost.
    setTimeout(() => socket.on('data', (bytes: Buffer) => socket.write(bytes)), 20);
    socket.on('end', () => socket.end());
    return ['ignored'];
  };

  test('hands over the connection, and what the client has sent already', async () => {
    await using server = await serve(echo);
    const client = await server.connect();
    client.send(`${upgrading}early `);
    await client.until('early');
    client.send('later ');
    await client.until('later');
    client.send('on');
    await client.until('early later on');
    expect(client.received).not.toMatch(/ignored|200 OK/);
    expect(server.worker.stats()).toMatchObject({ connections: 1, active: 0 });
    client.end();
    await client.closed;
    await until(() => server.worker.stats().connections === 0);
  });

  test('hands over a connection of CONNECT', async () => {
    await using server = await serve(echo);
    const client = await server.connect();
    client.send('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\nhello');
    await client.until('hello');
  });

  test('is absent without an upgrade, in HTTP/1.0, without Connection: upgrade, and with a body to be read', async () => {
    const offers: boolean[] = [];
    await using server = await serve((environ, start) => {
      offers.push('highball.upgrade' in environ);
      start('200 OK', []);
      return [];
    });
    await server.exchange(
      upgrading +
        get('/') +
        get('/', 'Upgrade: echo') +
        request('POST', '/', ['Connection: upgrade', 'Upgrade: echo'], 'abc') +
        'GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n',
    );
    expect(offers).toEqual([true, false, false, false, false]);
  });

  test('that is not used leaves an ordinary request, and the connection goes on', async () => {
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return ['plain'];
    });
    const answer = await server.exchange(upgrading.repeat(500) + last('/'));
    expect(statusesOf(answer)).toHaveLength(501);
  });

  test('after a CONNECT that failed nothing is taken for a request', async () => {
    await using server = await serve((_environ, start) => {
      start('403 Forbidden', []);
      return [];
    });
    const answer = await server.exchange(`CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n${get('/smuggled')}`);
    expect(statusesOf(answer)).toEqual([403]);
    expect(server.worker.stats().requests).toBe(1);
  });

  test('throws when the response has begun', async () => {
    await using server = await serve((environ, start) => {
      void start('200 OK', [])('x');
      environ['highball.upgrade']?.();
      return [];
    });
    await server.exchange(upgrading);
    expect(server.log.codes()).toEqual(['UPGRADE_TOO_LATE']);
  });
});

describe('highball.draining', () => {
  test.each(['drain', 'close'] as const)(
    'is aborted by %s(), for connections taken over too',
    async (stop) => {
      const reasons: unknown[] = [];
      await using server = await serve((environ) => {
        const { socket } = (environ['highball.upgrade'] as () => UpgradedConnection)();
        const draining = (environ['highball.draining'] as () => AbortSignal)();
        draining.addEventListener('abort', () => {
          reasons.push((draining.reason as { code?: string }).code);
          socket.end('come back later');
        });
        socket.write('taken');
        return [];
      });
      const client = await server.connect();
      client.send(get('/', 'Connection: Upgrade', 'Upgrade: chat'));
      await client.until('taken');
      expect(reasons).toEqual([]);
      void server.worker[stop]();
      if (stop === 'drain') await client.until('come back later');
      await until(() => reasons.length === 1);
      expect(reasons).toEqual(['SERVER_STOPPING']);
    },
  );

  test('is not aborted by retire(): what applications keep open may stay, until the drain', async () => {
    const signals: AbortSignal[] = [];
    await using server = await serve((environ) => {
      signals.push((environ['highball.draining'] as () => AbortSignal)());
      (environ['highball.upgrade'] as () => UpgradedConnection)().socket.write('taken');
      return [];
    });
    const client = await server.connect();
    client.send(get('/', 'Connection: Upgrade', 'Upgrade: chat'));
    await client.until('taken');
    void server.worker.retire();
    expect(signals[0]?.aborted).toBe(false);
    void server.worker.drain();
    expect(signals[0]?.aborted).toBe(true);
  });

  test('is one signal for all requests, and aborted already for those that come later', async () => {
    const signals: AbortSignal[] = [];
    await using server = await serve((environ, startResponse) => {
      signals.push((environ['highball.draining'] as () => AbortSignal)());
      startResponse('200 OK', []);
      return ['x'];
    });
    const client = await server.connect();
    client.send(get('/1'));
    await client.until('x');
    void server.worker.drain();
    client.send(get('/2'));
    await client.closed;
    expect(signals).toHaveLength(2);
    expect(signals[0]).toBe(signals[1]);
    expect(signals[1]?.aborted).toBe(true);
  });
});

describe('highball.signal', () => {
  const waiting =
    (signals: AbortSignal[]): Application =>
    async (environ) => {
      const signal = (environ['highball.signal'] as () => AbortSignal)();
      signals.push(signal);
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
      return [];
    };

  test.each([
    ['leaves', (client: { socket: { resetAndDestroy(): unknown } }) => client.socket.resetAndDestroy()],
    ['sends no more', (client: { end(): void }) => client.end()],
  ])('is aborted when the client %s before its answer is complete', async (_name, leave) => {
    const signals: AbortSignal[] = [];
    await using server = await serve(waiting(signals));
    const client = await server.connect();
    client.send(get('/'));
    await until(() => signals.length === 1);
    expect(signals[0]?.aborted).toBe(false);
    leave(client);
    await until(() => signals[0]?.aborted === true);
    expect(signals[0]?.reason).toBeInstanceOf(RequestError);
    expect(signals[0]?.reason).toMatchObject({ code: 'CLIENT_GONE' });
  });

  test.each([
    ['with its reason', (reason: unknown) => reason],
    [
      'as an event-shaped application does',
      () => Object.assign(new Error('gone'), { code: 'CLIENT_DISCONNECTED' }),
    ],
  ])('an application that stops for it, %s, is no error in the log', async (_name, errorOf) => {
    await using server = await serve(async (environ) => {
      const signal = (environ['highball.signal'] as () => AbortSignal)();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw errorOf(signal.reason);
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.end();
    await until(() => server.log.errors('debug').length > 0);
    expect(server.log.errors('error')).toEqual([]);
    expect(server.log.errors('debug')[0]).toMatch(/^the application failed: /);
  });

  test('is aborted already when it is asked for late', async () => {
    const go = deferred();
    let signal: AbortSignal | undefined;
    await using server = await serve(async (environ) => {
      await go.promise;
      signal = (environ['highball.signal'] as () => AbortSignal)();
      return [];
    });
    const client = await server.connect();
    client.send(get('/'));
    await until(() => server.worker.stats().active === 1);
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    go.resolve();
    await until(() => signal !== undefined);
    expect(signal?.aborted).toBe(true);
  });

  test('is not aborted when the answer was complete', async () => {
    let signal: AbortSignal | undefined;
    await using server = await serve((environ, start) => {
      signal = (environ['highball.signal'] as () => AbortSignal)();
      start('200 OK', []);
      return ['x'];
    });
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    await client.until('\r\n\r\nx');
    client.socket.resetAndDestroy();
    await until(() => server.worker.stats().connections === 0);
    expect(signal?.aborted).toBe(false);
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
