import { setImmediate } from 'node:timers/promises';
import { type Environ, markInterface } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { type FetchHandler, fromFetch, installLightweightTypes } from '../src/index.ts';
import { bodyOf, serve, TYPES, until, useTypes } from './support.ts';

describe.each(TYPES)('fromFetch with %s types', (types) => {
  useTypes(types);

  describe('the request', () => {
    test('has URL, method and fields as they were sent, repeats joined', async () => {
      await using server = await serve(
        fromFetch((req) => {
          expect(req).toBeInstanceOf(Request);
          return Response.json([req.method, req.url, req.headers.get('x-a'), req.headers.get('COOKIE')]);
        }),
      );
      const answer = await server.ask('PATCH /a%20b/?q=%20\nX-A: 1\nX-A: 2\nCookie: a=b\nCookie: c=d');
      const [method, url, repeated, cookie] = JSON.parse(bodyOf(answer)) as string[];
      expect([method, url]).toEqual(['PATCH', 'http://example.com/a%20b/?q=%20']);
      expect(repeated?.replace(' ', '')).toBe('1,2');
      expect(cookie).toBe('a=b; c=d');
    });

    test('knows its environ and the env of the options', async () => {
      const handler: FetchHandler = (_req, env) =>
        new Response(`${env.environ.PATH_INFO} ${String(env['KEY'])}`);
      await using server = await serve(fromFetch(handler, { env: { KEY: 'secret' } }));
      expect(bodyOf(await server.ask('GET /path'))).toBe('/path secret');
    });

    test('reads a body of text, of JSON, of a form, of bytes', async () => {
      await using server = await serve(
        fromFetch(async (req) => {
          const kind = new URL(req.url).pathname.slice(1);
          if (kind === 'json') return new Response(((await req.json()) as { a: string }).a);
          if (kind === 'form') return new Response(String((await req.formData()).get('a')));
          if (kind === 'bytes') return new Response(String((await req.arrayBuffer()).byteLength));
          if (kind === 'blob') return new Response(`${(await req.blob()).type}`);
          return new Response(await req.text());
        }),
      );
      const form = 'Content-Type: application/x-www-form-urlencoded';
      expect(bodyOf(await server.ask('POST /text', 'smörgås'))).toBe(
        Buffer.from('smörgås').toString('latin1'),
      );
      expect(bodyOf(await server.ask('POST /json', '{"a":"b"}'))).toBe('b');
      expect(bodyOf(await server.ask(`POST /form\n${form}`, 'a=b+c'))).toBe('b c');
      expect(bodyOf(await server.ask('POST /bytes', 'abc'))).toBe('3');
      expect(bodyOf(await server.ask('POST /blob\nContent-Type: image/png', 'abc'))).toBe('image/png');
    });

    test('has no body for GET, nor for a POST without one', async () => {
      await using server = await serve(fromFetch((req) => new Response(String(req.body))));
      expect(bodyOf(await server.ask('GET /', 'surplus'))).toBe('null');
      expect(bodyOf(await server.ask('POST /\nContent-Length: 0'))).toBe('null');
    });

    test('a body is used once', async () => {
      await using server = await serve(
        fromFetch(async (req) => {
          const before = req.bodyUsed;
          await req.text();
          const second = await req.text().catch((error: Error) => error.name);
          return Response.json([before, req.bodyUsed, second]);
        }),
      );
      expect(JSON.parse(bodyOf(await server.ask('POST /', 'x')))).toEqual([false, true, 'TypeError']);
    });

    test('may be cloned, wrapped, and passed on with another body', async () => {
      await using server = await serve(
        fromFetch(async (req) => {
          const clone = req.clone();
          const wrapped = new Request(req, { headers: { 'x-new': '1' } });
          const other = new Request('http://other/', wrapped);
          expect(clone).toBeInstanceOf(Request);
          return Response.json([
            await clone.text(),
            clone.headers.get('x-old'),
            other.headers.get('x-new'),
            other.url,
            await other.text(),
          ]);
        }),
      );
      const answer = await server.ask('POST /\nX-Old: 0', 'body');
      expect(JSON.parse(bodyOf(answer))).toEqual(['body', '0', '1', 'http://other/', 'body']);
    });

    test('may be passed to fetch as it is', async () => {
      await using upstream = await serve(
        fromFetch(async (req) => new Response(`${req.headers.get('x-a')} ${await req.text()}`)),
      );
      await using server = await serve(
        fromFetch((req) => {
          req.headers.get('x-a');
          req.headers.set('x-a', 'changed');
          return fetch(req);
        }),
      );
      const answer = await server.ask(`POST /\nHost: 127.0.0.1:${upstream.port}\nX-A: 1`, 'hello');
      expect(bodyOf(answer)).toContain('changed hello');
    });

    test('its body is read from the client only as fast as the handler reads', async () => {
      let first: (value: unknown) => void = () => undefined;
      const started = new Promise((resolve) => (first = resolve));
      let go: (value: unknown) => void = () => undefined;
      const may = new Promise((resolve) => (go = resolve));
      await using server = await serve(
        fromFetch(async (req) => {
          let bytes = 0;
          for await (const chunk of req.body as ReadableStream<Uint8Array>) {
            bytes += chunk.length;
            first(undefined);
            await may;
          }
          return new Response(String(bytes));
        }),
      );
      const size = 32 * 1_048_576;
      const client = await server.connect();
      client.send(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
      client.socket.write(Buffer.alloc(size, 'x'));
      await started;
      await new Promise((resolve) => setTimeout(resolve, 200));
      // What the kernel's buffers do not take, the client still has.
      expect(client.socket.writableLength).toBe(size);
      go(undefined);
      await client.closed;
      expect(bodyOf(client.received)).toBe(String(size));
    });

    test('100 Continue is sent when the handler reads, not before', async () => {
      await using server = await serve(
        fromFetch(async (req) => {
          const { pathname } = new URL(req.url);
          return new Response(pathname === '/read' ? await req.text() : 'no');
        }),
      );
      const head = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`;
      const reading = await server.connect();
      reading.send(head('/read'));
      await reading.until('100 Continue');
      reading.send('ok');
      await reading.until('\r\n\r\nok');
      const refused = await server.connect();
      refused.send(head('/'));
      expect(await refused.until('\r\n\r\nno')).not.toContain('100 Continue');
      reading.destroy();
      refused.destroy();
    });

    test('its signal is aborted when the client leaves', async () => {
      const reasons: unknown[] = [];
      let arrived = false;
      await using server = await serve(
        fromFetch(async (req) => {
          arrived = true;
          const copy = new Request(req);
          await new Promise((resolve) => req.signal.addEventListener('abort', resolve));
          reasons.push(req.signal.reason, copy.signal.aborted);
          return new Response('late');
        }),
      );
      const client = await server.connect();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => arrived);
      client.destroy();
      await until(() => reasons.length > 0);
      expect(reasons).toEqual([expect.objectContaining({ code: 'CLIENT_GONE' }), true]);
      expect(server.log.messages).toEqual([]);
    });

    test('a Host that is none is 400, a method that no Request has 501, both without the handler', async () => {
      let called = 0;
      await using server = await serve(fromFetch(() => (called++, new Response())));
      expect(await server.ask('GET /\nHost: a/b@c')).toMatch(/^HTTP\/1.1 400 /);
      expect(await server.ask('TRACE /')).toMatch(/^HTTP\/1.1 501 /);
      expect(called).toBe(0);
      expect(server.log.messages).toEqual([]);
    });
  });

  describe('faults of the handler', () => {
    test.each<[string, () => Response | Promise<Response>, string, string | undefined]>([
      ['throws', () => { throw new Error('boom'); }, 'boom', undefined], // prettier-ignore
      ['rejects', () => Promise.reject(new Error('boom')), 'boom', undefined],
      ['returns nothing', () => undefined as never, 'returned undefined', 'NOT_A_RESPONSE'],
      ['returns text', () => 'text' as never, 'returned string', 'NOT_A_RESPONSE'],
      [
        'resolves with an object',
        () => Promise.resolve({ status: 200 } as never),
        'object',
        'NOT_A_RESPONSE',
      ],
      ['returns Response.error()', () => Response.error(), 'Response.error()', 'ERROR_RESPONSE'],
      [
        'returns a body that was read',
        async () => {
          const response = new Response('x');
          await response.text();
          return response;
        },
        'read already',
        'BODY_USED',
      ],
      [
        'returns a body that is being read',
        () => {
          const response = new Response('x');
          response.body?.getReader();
          return response;
        },
        'read already',
        'BODY_USED',
      ],
    ])('a handler that %s: 500, and a precise error in the log', async (_name, handler, message, code) => {
      await using server = await serve(fromFetch(handler));
      const answer = await server.ask('GET /');
      expect(answer).toMatch(/^HTTP\/1.1 500 /);
      expect(answer).not.toContain('boom');
      expect(server.log.messages.join()).toContain(message);
      expect(server.log.codes).toEqual([code]);
    });
  });

  test('waitUntil: the response does not wait, settled() does, a failure is logged', async () => {
    let finish: () => void = () => undefined;
    const app = fromFetch((_req, _env, ctx) => {
      ctx.waitUntil(new Promise<void>((resolve) => (finish = resolve)));
      ctx.waitUntil(Promise.reject(new Error('lost')));
      return new Response('done');
    });
    await using server = await serve(app);
    expect(bodyOf(await server.ask('GET /'))).toBe('done');
    expect(app.pending).toBe(1);
    let settled = false;
    const settling = app.settled().then(() => (settled = true));
    await setImmediate();
    expect(settled).toBe(false);
    finish();
    await settling;
    expect(app.pending).toBe(0);
    expect(server.log.messages.join()).toContain('lost');
  });
});

test('an object with fetch keeps its this; a marked function with fetch is called by its fetch', async () => {
  class Site {
    greeting = 'hello';
    fetch(): Response {
      return new Response(this.greeting);
    }
  }
  await using server = await serve(fromFetch(new Site()));
  expect(bodyOf(await server.ask('GET /'))).toBe('hello');
  const both = Object.assign((): Response => new Response('call'), { fetch: () => new Response('fetch') });
  await using second = await serve(fromFetch(markInterface(both, 'fetch')));
  expect(bodyOf(await second.ask('GET /'))).toBe('fetch');
});

test('what is no handler is refused at once', () => {
  for (const wrong of [undefined, null, {}, { fetch: 1 }, 'x']) {
    expect(() => fromFetch(wrong as never)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  }
});

test('a synchronous handler of ready bodies is answered without a promise', () => {
  const uninstall = installLightweightTypes();
  const started: unknown[] = [];
  const body = fromFetch(() => new Response('x'))(
    {
      REQUEST_METHOD: 'GET',
      RAW_URI: '/',
      HTTP_HOST: 'h',
      'wsgi.url_scheme': 'http',
    } as Partial<Environ> as Environ,
    (...head) => (started.push(head), () => undefined),
  );
  uninstall();
  expect(body).toEqual(['x']);
  expect(started).toEqual([['200 OK', [['content-type', 'text/plain;charset=UTF-8']]]]);
});
