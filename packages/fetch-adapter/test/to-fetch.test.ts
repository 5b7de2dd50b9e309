import type { Application, Environ } from '@highball/gateway-protocol';
import { serve as serveHono } from '@hono/node-server';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { type FetchInfo, fromFetch, toFetch, type ToFetchOptions } from '../src/index.ts';
import { bodyOf, serve, until } from './support.ts';
import { call, echo } from './to-fetch-support.ts';

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
