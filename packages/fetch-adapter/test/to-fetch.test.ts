import type { Application, Environ, ErrorStream } from '@highball/gateway-protocol';
import { serve as serveHono } from '@hono/node-server';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { type FetchInfo, fromFetch, toFetch, type ToFetchOptions } from '../src/index.ts';
import { bodyOf, serve, until } from './support.ts';

/** An error stream that is kept. */
class Lines implements ErrorStream {
  text = '';
  write(text: string): void {
    this.text += text;
  }
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }
  flush(): void {
    // Nothing is held back.
  }
}

async function call(
  app: Application,
  request: Request | string = 'http://h/',
  options: ToFetchOptions = {},
): Promise<{ response: Response; errors: Lines }> {
  const errors = new Lines();
  const handler = toFetch(app, { errors, ...options });
  const response = await handler(typeof request === 'string' ? new Request(request) : request);
  return { response, errors };
}

/** Answers with what a function makes of the environ. */
const echo =
  (make: (environ: Environ) => unknown): Application =>
  (environ, start) => {
    start('200 OK', [['Content-Type', 'application/json']]);
    return [JSON.stringify(make(environ))];
  };

describe('the environ', () => {
  test('is packed as a server would', async () => {
    const request = new Request('https://example.com:8443/a%20b/c?q=%20', {
      method: 'PUT',
      body: 'text',
      headers: { 'X-A': '1', 'Content-Type': 'text/x', 'Content-Length': '4', Proxy: 'evil' },
    });
    const { response } = await call(
      echo((environ) => ({ ...environ, 'wsgi.input': undefined })),
      request,
    );
    const environ = (await response.json()) as Environ;
    expect(environ).toMatchObject({
      REQUEST_METHOD: 'PUT',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b/c',
      QUERY_STRING: 'q=%20',
      RAW_URI: '/a%20b/c?q=%20',
      CONTENT_TYPE: 'text/x',
      CONTENT_LENGTH: '4',
      HTTP_HOST: 'example.com:8443',
      HTTP_X_A: '1',
      HTTPS: 'on',
      SERVER_NAME: 'example.com',
      SERVER_PORT: '8443',
      SERVER_PROTOCOL: 'HTTP/1.1',
      REMOTE_ADDR: '',
      REMOTE_PORT: '',
      'wsgi.url_scheme': 'https',
      'wsgi.input_terminated': true,
    });
    expect(environ['HTTP_PROXY']).toBeUndefined();
    expect(environ.HTTP_TRANSFER_ENCODING).toBeUndefined();
  });

  test('has the address that the runtime tells, and believes nobody about another one', async () => {
    const request = new Request('http://h/', { headers: { 'X-Forwarded-For': '203.0.113.9' } });
    const app = echo(({ REMOTE_ADDR, REMOTE_PORT }) => [REMOTE_ADDR, REMOTE_PORT]);
    const ask = async (info: FetchInfo, options: ToFetchOptions = {}): Promise<unknown> =>
      (await toFetch(app, options)(request, info)).json();
    expect(await ask({ remoteAddress: '127.0.0.1', remotePort: 9 })).toEqual(['127.0.0.1', '9']);
    expect(await ask({})).toEqual(['', '']);
    const trusting = { environ: { forwardedAllowIps: ['127.0.0.1', 'unix'] } };
    expect(await ask({ remoteAddress: '127.0.0.1' }, trusting)).toEqual(['203.0.113.9', '']);
    expect(await ask({}, trusting)).toEqual(['', '']);
  });

  test('tells of a body whose length is not known', async () => {
    const app = echo((environ) => environ.HTTP_TRANSFER_ENCODING ?? null);
    const { response } = await call(app, new Request('http://h/', { method: 'POST', body: 'x' }));
    expect(await response.json()).toBe('chunked');
    expect(await (await call(app)).response.json()).toBeNull();
  });

  test('a path that cannot be decoded is 400, one outside the mount point 404', async () => {
    const app = echo(() => 'called');
    expect((await call(app, 'http://h/%zz')).response.status).toBe(400);
    const mounted = { environ: { rootPath: '/app' } };
    expect((await call(app, 'http://h/other', mounted)).response.status).toBe(404);
    expect((await call(app, 'http://h/app/x', mounted)).response.status).toBe(200);
  });
});

describe('wsgi.input', () => {
  const post = (...pieces: string[]): Request =>
    new Request('http://h/', {
      method: 'POST',
      body: new ReadableStream({
        start(controller) {
          for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
          controller.close();
        },
      }),
      duplex: 'half',
    });
  const read = async (
    request: Request,
    how: (input: Environ['wsgi.input']) => Promise<unknown>,
  ): Promise<unknown> => {
    const { response } = await call(async (environ, start) => {
      const value = await how(environ['wsgi.input']);
      start('200 OK', []);
      return [JSON.stringify(value)];
    }, request);
    return response.json();
  };
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

  test('read returns as many bytes as were asked for, over the borders of pieces', async () => {
    const parts = await read(post('abc', 'def', 'g'), async (input) => [
      text(await input.read(2)),
      text(await input.read(3)),
      text(await input.read(0)),
      text(await input.read()),
      text(await input.read()),
    ]);
    expect(parts).toEqual(['ab', 'cde', '', 'fg', '']);
  });

  test('readline and readlines end lines by LF only', async () => {
    const lines = await read(post('a\nb', 'c\r\nd', '\n\nend'), async (input) => [
      text(await input.readline()),
      text(await input.readline(2)),
      ...(await input.readlines()).map(text),
    ]);
    expect(lines).toEqual(['a\n', 'bc', '\r\n', 'd\n', '\n', 'end']);
  });

  test('readlines stops behind its hint', async () => {
    const lines = await read(post('a\nb\nc\n'), async (input) => (await input.readlines(3)).map(text));
    expect(lines).toEqual(['a\n', 'b\n']);
  });

  test('iterating yields the pieces; without a body none', async () => {
    const pieces = async (input: Environ['wsgi.input']): Promise<string[]> => {
      const all: string[] = [];
      for await (const piece of input) all.push(text(piece));
      return all;
    };
    expect(await read(post('ab', 'c'), pieces)).toEqual(['ab', 'c']);
    expect(await read(new Request('http://h/'), pieces)).toEqual([]);
  });

  test('two reads at a time, and half a byte, are refused', async () => {
    const codes = await read(post('ab'), async (input) => {
      const first = input.read();
      const second = await input.read().catch((error: { code: string }) => error.code);
      await first;
      let half: unknown;
      try {
        await input.read(0.5);
      } catch (error) {
        half = (error as { code: string }).code;
      }
      return [second, half];
    });
    expect(codes).toEqual(['CONCURRENT_READ', 'BAD_READ_SIZE']);
  });

  test('what was left unread is cancelled', async () => {
    let cancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => void (cancelled = true),
    });
    await call(
      echo(() => 'x'),
      new Request('http://h/', { method: 'POST', body, duplex: 'half' }),
    );
    await until(() => cancelled);
  });
});

describe('the response', () => {
  test('has status, reason, fields and the length of an array', async () => {
    const { response } = await call((_environ, start) => {
      start('404 Not Here', [['Set-Cookie', 'a=b'], ['Set-Cookie', 'c=d'], ['X-A', '1']]); // prettier-ignore
      return ['smör', new Uint8Array([103])];
    });
    expect([response.status, response.statusText]).toEqual([404, 'Not Here']);
    expect(response.headers.getSetCookie()).toEqual(['a=b', 'c=d']);
    expect(response.headers.get('content-length')).toBe('6');
    expect(await response.text()).toBe('smörg');
  });

  test('streams: the head with the first piece that is not empty, each piece when it is asked for', async () => {
    const made: string[] = [];
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        for (const piece of ['', 'a', 'b', 'c', 'd']) {
          made.push(piece);
          yield piece;
        }
      })();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made).toEqual(['', 'a']);
    expect(await response.text()).toBe('abcd');
  });

  test('an asynchronous body and write() may be mixed', async () => {
    const { response } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      await write('1');
      await write(new Uint8Array([50]));
      return (async function* () {
        await Promise.resolve();
        yield '3';
      })();
    });
    expect(await response.text()).toBe('123');
  });

  test('write() waits for the reader', async () => {
    let written = 0;
    const { response } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      for (; written < 5; written++) await write('x');
      return [];
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(written).toBeLessThan(3);
    expect(await response.text()).toBe('xxxxx');
  });

  test('who writes without waiting is cut when too much is kept', async () => {
    const { response, errors } = await call(
      (_environ, start) => {
        const write = start('200 OK', []);
        for (let i = 0; i < 100; i++) void write('0123456789');
        return [];
      },
      'http://h/',
      { maxWriteBytes: 200 },
    );
    await expect(response.text()).rejects.toThrow('behind');
    expect(errors.text).toContain('await what write() returns');
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('%s %i has no body; close() is called', async (method, status) => {
    let closed = 0;
    const app: Application = (_environ, start) => {
      start(`${status} X`, [['X-A', '1']]);
      const body = (async function* () {
        yield 'never seen';
      })();
      return Object.assign(body, { close: () => void closed++ });
    };
    const { response, errors } = await call(app, new Request('http://h/', { method }));
    expect([response.status, response.body, response.headers.get('x-a')]).toEqual([status, null, '1']);
    await until(() => closed === 1);
    expect(errors.text).toBe('');
  });

  test('start_response with an error replaces what was begun', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', [['X-A', '1']]);
      start('500 Sorry', [['X-B', '2']], new Error('late'));
      return ['sorry'];
    });
    expect([response.status, response.headers.get('x-a'), response.headers.get('x-b')]).toEqual([
      500,
      null,
      '2',
    ]);
  });

  test('behind the head the error comes back, and the body is cut', async () => {
    const { response, errors } = await call(async (_environ, start) => {
      const write = start('200 OK', []);
      await write('part');
      start('500 Sorry', [], new Error('too late'));
      return [];
    });
    await expect(response.text()).rejects.toThrow('too late');
    expect(errors.text).toContain('too late');
  });

  test('a body that fails is cut', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        yield 'part';
        throw new Error('dry');
      })();
    });
    await expect(response.text()).rejects.toThrow('dry');
  });

  test.each<[string, Application, string]>([
    ['throws', () => { throw new Error('boom'); }, 'boom'], // prettier-ignore
    ['never starts', () => ['x'], 'has not called start_response'],
    ['starts twice', (_e, start) => (start('200 OK', []), start('200 OK', []), []), 'called twice'],
    ['has a bad status', (_e, start) => (start('OK', []), []), "like '200 OK'"],
    ['has an informational status', (_e, start) => (start('103 Hints', []), []), "like '200 OK'"],
    [
      'sends a field of the server',
      (_e, start) => (start('200 OK', [['Transfer-Encoding', 'x']]), []),
      'must not send',
    ],
    ['splits a field', (_e, start) => (start('200 OK', [['X-A', 'a\r\nSet-Cookie: b']]), []), 'Error'],
    ['has a bad length', (_e, start) => (start('200 OK', [['Content-Length', '-1']]), []), 'number of bytes'],
    ['returns bytes', (_e, start) => (start('200 OK', []), new Uint8Array(1) as never), 'no body'],
    ['returns nothing', (_e, start) => (start('200 OK', []), undefined as never), 'no body'],
    ['has a number in its body', (_e, start) => (start('200 OK', []), [1 as never]), 'not number'],
    ['sends too much', (_e, start) => (start('200 OK', [['Content-Length', '1']]), ['ab']), 'longer'],
    [
      'sends too little',
      (_e, start) => (start('200 OK', [['Content-Length', '9']]), (function* () {})()),
      '0 bytes',
    ],
  ])('an application that %s is answered 500, without the reason', async (_name, app, message) => {
    const { response, errors } = await call(app);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe('500 Internal Server Error\n');
    expect(errors.text).toContain(message);
  });

  test('fewer bytes than promised cut the body', async () => {
    const { response } = await call((_environ, start) => {
      start('200 OK', [['Content-Length', '9']]);
      return (function* () {
        yield 'abc';
      })();
    });
    await expect(response.text()).rejects.toThrow('Content-Length says 9');
  });

  test('more bytes than promised are not sent, and the generator is ended', async () => {
    let ended = false;
    const { response } = await call((_environ, start) => {
      start('200 OK', [['Content-Length', '2']]);
      return (function* () {
        try {
          yield 'ab';
          yield 'c';
        } finally {
          ended = true;
        }
      })();
    });
    await expect(response.text()).rejects.toThrow('longer than Content-Length: 2');
    expect(ended).toBe(true);
  });

  test('write after the end is refused', async () => {
    let late: ((chunk: string) => void) | undefined;
    await call((_environ, start) => {
      late = start('200 OK', []);
      return ['x'];
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => late?.('y')).toThrow(expect.objectContaining({ code: 'RESPONSE_OVER' }));
  });
});

describe('a client that leaves', () => {
  function endless(): { app: Application; closed: () => number; signal: () => AbortSignal | undefined } {
    let closed = 0;
    let signal: AbortSignal | undefined;
    return {
      closed: () => closed,
      signal: () => signal,
      app: (environ, start) => {
        signal = environ['highball.signal']?.();
        start('200 OK', []);
        const body = (async function* () {
          yield 'first';
          await new Promise(() => undefined);
        })();
        return Object.assign(body, { close: () => void closed++ });
      },
    };
  }

  test('by cancelling the body: close() is called once, though a piece is awaited', async () => {
    const { app, closed } = endless();
    const { response, errors } = await call(app);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await until(() => closed() === 1);
    expect(errors.text).toBe('');
  });

  test('by its signal: the application sees it, and close() is called once', async () => {
    const { app, closed, signal } = endless();
    const controller = new AbortController();
    const { response } = await call(app, new Request('http://h/', { signal: controller.signal }));
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    controller.abort();
    await until(() => closed() === 1);
    expect(signal()?.aborted).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(closed()).toBe(1);
  });

  test('a generator that waits at a yield runs its finally', async () => {
    let ended = false;
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      return (function* () {
        try {
          for (;;) yield 'piece';
        } finally {
          ended = true;
        }
      })();
    });
    await response.body?.cancel();
    await until(() => ended);
  });

  test('an iterator whose next piece does not come is told at once', async () => {
    let returned = 0;
    const { response } = await call((_environ, start) => {
      start('200 OK', []);
      const pieces = ['first'];
      const iterator = {
        [Symbol.asyncIterator]: () => iterator,
        next: () => {
          const value = pieces.shift();
          return value === undefined
            ? new Promise<never>(() => undefined)
            : Promise.resolve({ done: false, value });
        },
        return: () => (returned++, Promise.resolve({ done: true as const, value: undefined })),
      };
      return iterator;
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const second = reader.read();
    await reader.cancel();
    await second;
    await until(() => returned === 1);
  });

  test('before the head: the promise resolves, close() is called when there is a body', async () => {
    const controller = new AbortController();
    let closed = 0;
    let go: () => void = () => undefined;
    const promised = call(
      async (_environ, start) => {
        await new Promise<void>((resolve) => (go = resolve));
        start('200 OK', []);
        return Object.assign(['x'], { close: () => void closed++ });
      },
      new Request('http://h/', { signal: controller.signal }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await promised;
    go();
    await until(() => closed === 1);
  });
});

describe('round trips', () => {
  const uploads: Application = async (environ, start) => {
    let bytes = 0;
    for await (const piece of environ['wsgi.input']) bytes += piece.length;
    start('200 OK', [['X-Method', environ.REQUEST_METHOD]]);
    return (async function* () {
      yield `${environ.PATH_INFO}?${environ.QUERY_STRING} `;
      yield String(bytes);
    })();
  };

  test('a gateway application as a fetch handler as a gateway application', async () => {
    await using server = await serve(fromFetch(toFetch(uploads)));
    const answer = await fetch(`${server.url}/p%20q?r=s`, { method: 'PUT', body: 'x'.repeat(300_000) });
    expect(answer.headers.get('x-method')).toBe('PUT');
    expect(await answer.text()).toBe('/p q?r=s 300000');
  });

  test('a fetch handler as a gateway application as a fetch handler', async () => {
    const handler = toFetch(
      fromFetch(async (request) => new Response(`${request.url} ${await request.text()}`, { status: 201 })),
    );
    const response = await handler(new Request('http://h/a?b', { method: 'POST', body: 'text' }));
    expect([response.status, await response.text()]).toEqual([201, 'http://h/a?b text']);
  });

  test('a gateway application is deployed on another server for fetch handlers', async () => {
    let closed = 0;
    const app: Application = (environ, start) => {
      if (environ.PATH_INFO === '/upload') return uploads(environ, start);
      start('200 OK', [['Content-Type', 'text/plain']]);
      const ticks = (async function* () {
        for (let i = 0; ; i++) {
          yield `tick ${i}\n`;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      })();
      return Object.assign(ticks, { close: () => void closed++ });
    };
    const handler = toFetch(app);
    const server = serveHono({
      fetch: (request) => handler(request),
      port: 0,
      hostname: '127.0.0.1',
      overrideGlobalObjects: false,
    }) as Server;
    if (!server.listening) await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/upload?a`, { method: 'POST', body: 'abc' });
    expect(await answer.text()).toBe('/upload?a 3');
    const client = await RawClient.connect(port);
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('tick 2');
    client.destroy();
    await until(() => closed === 1);
    server.close();
  });

  test('what the server answers is what the application said', async () => {
    await using server = await serve(fromFetch(toFetch(uploads)));
    expect(bodyOf(await server.ask('POST /x', 'abc'))).toBe('4\r\n/x? \r\n1\r\n3\r\n0\r\n\r\n');
  });
});
