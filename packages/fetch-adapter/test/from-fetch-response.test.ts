import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fromFetch } from '../src/index.ts';
import { bodyOf, quiet, request, serve, TYPES, until, useTypes } from './support.ts';

const host = { 'content-type': 'text/plain' };

describe.each(TYPES)('fromFetch with %s types', (types) => {
  useTypes(types);

  describe('the response', () => {
    test('has status, reason and fields, Set-Cookie line by line', async () => {
      const headers = new Headers([['x-b', '2'], ['X-A', '1'], ['x-b', '3']]); // prettier-ignore
      headers.append('set-cookie', 'a=b; Path=/');
      headers.append('set-cookie', 'c=d, e');
      await using server = await serve(
        fromFetch(() => new Response('x', { status: 418, statusText: 'Teapot', headers })),
      );
      const answer = await server.ask('GET /');
      expect(answer).toMatch(/^HTTP\/1.1 418 Teapot\r\n/);
      expect(answer).toContain('\r\nset-cookie: a=b; Path=/\r\nset-cookie: c=d, e\r\n');
      expect(answer).toContain('\r\nx-a: 1\r\nx-b: 2, 3\r\n');
    });

    test('has the usual reason where the handler names none', async () => {
      await using server = await serve(
        fromFetch((req) => new Response(null, { status: Number(new URL(req.url).pathname.slice(1)) })),
      );
      expect(await server.ask('GET /404')).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
      expect(await server.ask('GET /299')).toMatch(/^HTTP\/1.1 299 \r\n/);
    });

    test.each<[string, () => ConstructorParameters<typeof Response>[0], string]>([
      ['text', () => 'smörgås', Buffer.from('smörgås').toString('latin1')],
      ['bytes', () => new Uint8Array([104, 105]), 'hi'],
      ['a buffer', () => new Uint8Array([104, 105]).buffer, 'hi'],
      ['a view', () => new DataView(new Uint8Array([104, 105]).buffer), 'hi'],
      ['parameters', () => new URLSearchParams({ a: 'b c' }), 'a=b+c'],
      ['a short stream', () => new Response('hi').body, 'hi'],
      ['nothing', () => null, ''],
    ])('a body of %s is sent with its length', async (_name, make, expected) => {
      await using server = await serve(fromFetch(() => new Response(make())));
      const answer = await server.ask('GET /');
      expect(bodyOf(answer)).toBe(expected);
      expect(answer.toLowerCase()).toContain(`\r\ncontent-length: ${expected.length}\r\n`);
    });

    test('a body that is not there at once is sent in chunks', async () => {
      const later = (): ReadableStream<Uint8Array> =>
        ReadableStream.from(
          (async function* () {
            await setImmediate();
            yield new TextEncoder().encode('hi');
          })(),
        );
      await using server = await serve(fromFetch(() => new Response(later())));
      expect(bodyOf(await server.ask('GET /'))).toBe('2\r\nhi\r\n0\r\n\r\n');
    });

    test('what the bytes become after the handler has returned is not sent', async () => {
      const bytes = new Uint8Array([104, 105]);
      await using server = await serve(
        fromFetch(() => {
          const response = new Response(bytes);
          bytes.fill(120);
          return response;
        }),
      );
      expect(bodyOf(await server.ask('GET /'))).toBe('hi');
    });

    test('each piece of a stream is sent when it comes', async () => {
      let send: (text: string) => void = () => undefined;
      let end: () => void = () => undefined;
      await using server = await serve(
        fromFetch(
          () =>
            new Response(
              new ReadableStream({
                start(controller) {
                  send = (text) => controller.enqueue(new TextEncoder().encode(text));
                  end = () => controller.close();
                },
              }),
            ),
        ),
      );
      const client = await server.connect();
      client.send(request('GET /'));
      await until(() => server.worker.stats().active === 1);
      send('first');
      await client.until('first');
      send('second');
      await client.until('second');
      end();
      await client.closed;
      expect(bodyOf(client.received)).toBe('5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n');
    });

    test('a stream is asked for no more than the client takes, and cancelled when it leaves', async () => {
      let pulls = 0;
      let cancelled: unknown;
      await using server = await serve(
        fromFetch(
          () =>
            new Response(
              new ReadableStream({
                pull: (controller) => {
                  pulls++;
                  controller.enqueue(new Uint8Array(65_536));
                },
                cancel: (reason) => void (cancelled = reason),
              }),
            ),
        ),
      );
      const client = await server.connect();
      client.socket.pause();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await quiet(() => pulls);
      // The kernel's buffers on both sides hold some megabytes.
      expect(pulls).toBeLessThan(512);
      client.destroy();
      await until(() => cancelled !== undefined);
      expect(cancelled).toMatchObject({ name: 'AbortError' });
      expect(server.log.messages).toEqual([]);
    });

    test('a stream that is quiet is cancelled when the client leaves', async () => {
      let cancelled = false;
      await using server = await serve(
        fromFetch(
          () =>
            new Response(
              new ReadableStream({
                start: (controller) => controller.enqueue(new Uint8Array([104, 105])),
                cancel: () => void (cancelled = true),
              }),
            ),
        ),
      );
      const client = await server.connect();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await client.until('hi');
      client.destroy();
      await until(() => cancelled);
    });

    test('a stream that fails cuts the response', async () => {
      await using server = await serve(
        fromFetch(
          () =>
            new Response(
              new ReadableStream({
                async pull(controller) {
                  controller.enqueue(new TextEncoder().encode('piece'));
                  await new Promise((resolve) => setTimeout(resolve, 20));
                  controller.error(new Error('the source is dry'));
                },
              }),
            ),
        ),
      );
      const answer = await server.ask('GET /');
      expect(answer).toMatch(/piece\r\n$/);
      expect(server.log.messages).toEqual(['the application failed: the source is dry']);
    });

    test.each([
      ['HEAD', 'HEAD /', 200],
      ['204', 'GET /', 204],
      ['304', 'GET /', 304],
    ])('%s has no body; its stream is cancelled', async (_name, head, status) => {
      let cancelled = false;
      await using server = await serve(
        fromFetch(() => {
          if (status !== 200) return new Response(null, { status });
          return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }), { status });
        }),
      );
      const answer = await server.ask(head);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(bodyOf(answer)).toBe('');
      expect(cancelled).toBe(status === 200);
    });

    test('fields of the connection are left out, the wish to close it is kept', async () => {
      await using server = await serve(
        fromFetch(
          (req) =>
            new Response('x', {
              headers: req.url.endsWith('close')
                ? { Connection: 'close' }
                : { Connection: 'keep-alive', 'Transfer-Encoding': 'chunked', 'Keep-Alive': '5', ...host },
            }),
        ),
      );
      const client = await server.connect();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await client.until('\r\n\r\nx');
      expect(client.received).not.toMatch(/keep-alive|transfer-encoding/i);
      client.send('GET /close HTTP/1.1\r\nHost: x\r\n\r\n');
      await client.closed;
      expect(client.received).toMatch(/connection: close/i);
      expect(server.log.messages).toEqual([]);
    });
  });
});
