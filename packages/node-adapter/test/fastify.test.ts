import cookie from '@fastify/cookie';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { toApplication } from '../src/index.ts';
import { ask, CountingSource, deferred, get, serve, type Served } from './support.ts';

async function fastify(define: (app: FastifyInstance) => void | Promise<void>): Promise<Served> {
  const app = Fastify();
  await define(app);
  return serve(await toApplication(app));
}

test('routes, schemas, validation, bodies and hooks', async () => {
  await using served = await fastify((app) => {
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('x-hook', 'sent');
      return payload;
    });
    const schema = { body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } };
    app.post('/:name', { schema }, (request, reply) => {
      reply.send({ params: request.params, query: request.query, body: request.body, ip: request.ip, host: request.hostname }); // prettier-ignore
    });
  });
  const post = (body: string): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body }); // prettier-ignore
  const good = await fetch(`${served.url}/a?q=1`, post('{"n":1}'));
  expect(good.headers.get('x-hook')).toBe('sent');
  expect(await good.json()).toEqual({ params: { name: 'a' }, query: { q: '1' }, body: { n: 1 }, ip: '127.0.0.1', host: '127.0.0.1' }); // prettier-ignore
  expect((await fetch(`${served.url}/a`, post('{}'))).status).toBe(400);
  expect((await fetch(`${served.url}/none`)).status).toBe(404);
});

test('streams, of Node and of the web', async () => {
  await using served = await fastify((app) => {
    app.get('/', (_request, reply) => reply.send(Readable.from(['st', 'ream'])));
    app.get('/web', (_request, reply) => reply.send(new Response('web').body));
  });
  expect(await (await fetch(served.url)).text()).toBe('stream');
  expect(await (await fetch(`${served.url}/web`)).text()).toBe('web');
});

test('uploads through @fastify/multipart, cookies through @fastify/cookie', async () => {
  await using served = await fastify(async (app) => {
    await app.register(multipart);
    await app.register(cookie, { secret: 'secret' });
    app.post('/', async (request, reply) => {
      const seen: unknown[] = [];
      for await (const part of request.parts()) {
        seen.push(part.type === 'file' ? [part.filename, (await part.toBuffer()).length] : part.value);
      }
      reply.setCookie('a', '1').setCookie('b', '2', { signed: true });
      return [seen, request.cookies];
    });
  });
  const body = new FormData();
  body.set('title', 't');
  body.set('file', new Blob(['x'.repeat(300_000)]), 'x.bin');
  const response = await fetch(served.url, { method: 'POST', body, headers: { cookie: 'in=1' } });
  expect(response.headers.getSetCookie()).toHaveLength(2);
  expect(await response.json()).toEqual([['t', ['x.bin', 300_000]], { in: '1' }]);
});

test('trailers by reply.trailer', async () => {
  await using served = await fastify((app) => {
    app.get('/', (_request, reply) => {
      reply.trailer('x-sum', (_reply, payload, done) => done(null, String(String(payload).length)));
      reply.send('payload');
    });
  });
  const text = await ask(served, get('/', 'TE: trailers'), /x-sum: 7\r\n\r\n$/);
  expect(text).toContain('payload');
});

test('hijack, and server-sent events that leave one by one', async () => {
  const go = deferred();
  await using served = await fastify((app) => {
    app.get('/', async (_request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.raw.write('data: 1\n\n');
      await go.promise;
      reply.raw.end('data: 2\n\n');
    });
  });
  const client = await served.connect();
  client.send(get('/'));
  await client.until('data: 1');
  expect(client.received).not.toContain('data: 2');
  go.resolve();
  await client.until(/data: 2\n\n\r\n0\r\n\r\n$/);
  client.destroy();
});

test('a client that leaves: onRequestAbort, and the stream is destroyed', async () => {
  const aborted = deferred();
  const destroyed = deferred();
  await using served = await fastify((app) => {
    app.addHook('onRequestAbort', (_request, done) => {
      aborted.resolve();
      done();
    });
    app.get('/', (_request, reply) => {
      const endless = new Readable({
        read() {
          this.push('more '.repeat(1000));
        },
        destroy(error, callback) {
          destroyed.resolve();
          callback(error);
        },
      });
      return reply.send(endless);
    });
  });
  const client = await served.connect();
  client.send(get('/'));
  await client.until('more');
  client.destroy();
  await Promise.all([aborted.promise, destroyed.promise]);
});

test('errors: 500 with Fastify’s own page; behind the head a cut', async () => {
  await using served = await fastify((app) => {
    app.get('/throws', async () => {
      throw new Error('reason');
    });
    app.get('/late', (_request, reply) => {
      const stream = Readable.from(
        (async function* () {
          yield 'begun';
          await new Promise((resolve) => setTimeout(resolve, 10));
          throw new Error('broken');
        })(),
      );
      return reply.send(stream);
    });
  });
  const failed = await fetch(`${served.url}/throws`);
  expect([failed.status, await failed.json()]).toEqual([
    500,
    { statusCode: 500, error: 'Internal Server Error', message: 'reason' },
  ]);
  const client = await served.connect();
  client.send(get('/late'));
  await client.closed;
  expect(client.received).toContain('begun');
  expect(client.received).not.toMatch(/0\r\n\r\n$/);
});

test('an instance of serverFactory runs through its handler', async () => {
  let handler: ((req: never, res: never) => void) | undefined;
  const { createServer } = await import('node:http');
  const app = Fastify({
    serverFactory: (handle) => {
      handler = handle as never;
      return createServer();
    },
  });
  app.get('/', async () => 'made by a factory');
  await app.ready();
  const { fromNode } = await import('../src/index.ts');
  await using served = await serve(fromNode((req, res) => handler?.(req as never, res as never)));
  expect(await (await fetch(served.url)).text()).toBe('made by a factory');
});

test('early hints leave ahead of the answer, 100 when the body is read', async () => {
  await using served = await fastify((app) => {
    app.post('/', async (request, reply) => {
      reply.raw.writeEarlyHints({ link: '</a.css>; rel=preload' });
      return `read ${String(request.body)}`;
    });
  });
  const client = await served.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'); // prettier-ignore
  await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  client.send('ok');
  await client.until(/103 Early Hints\r\nLink: <\/a.css>[^]*200 OK[^]*read ok$/);
  client.destroy();
});

test('streams and the client’s pace: a slow client stops the source', async () => {
  const source = new CountingSource();
  await using served = await fastify((app) => {
    app.get('/', (_request, reply) => reply.send(source));
  });
  await source.checkPace(served);
});
