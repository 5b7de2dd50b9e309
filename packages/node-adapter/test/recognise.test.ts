// oxlint-disable-next-line import/no-unassigned-import
import { markInterface } from '@highball/gateway-protocol';
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createNetServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type NodeHandler, recogniseNode, toApplication } from '../src/index.ts';
import { serve } from './support.ts';

const handler: NodeHandler = (_req, res) => void res.end('handler');
const marked = markInterface(((_req, res) => void res.end('marked')) as NodeHandler, 'node');

describe('recognised', () => {
  const expressApp = express().get('/', (_req, res) => void res.send('express'));
  const koaApp = new Koa().use((context) => void (context.body = 'koa'));
  const fastifyApp = Fastify().get('/', async () => 'fastify') && Fastify();
  fastifyApp.get('/', async () => 'fastify');

  test.each([
    ['express', 'express', expressApp],
    ['koa', 'koa', koaApp],
    ['fastify', 'fastify', fastifyApp],
    ['server', 'handler', createServer(handler)],
    ['handler', 'marked', marked],
  ] as const)('as %s, and run', async (shape, body, value) => {
    expect(recogniseNode(value)).toBe(shape);
    await using served = await serve(await toApplication(value));
    expect(await (await fetch(served.url)).text()).toBe(body);
  });

  test('an https.Server too', () => {
    expect(recogniseNode(createTlsServer())).toBe('server');
  });
});

test.each([
  ['a function of two parameters, which may be a gateway application', handler],
  ['an Express router, which needs a next', express.Router()],
  ['a handler that is marked as something else', markInterface((() => undefined) as NodeHandler, 'fetch')],
  ['a net.Server', createNetServer()],
  ['a Koa middleware', (context: Koa.Context) => void (context.body = '')],
  ['a fetch application', { fetch: () => new Response() }],
  ['nothing', undefined],
  ['null', null],
  ['text', 'express'],
])('never takes %s for an application', async (_name, value) => {
  expect(recogniseNode(value)).toBeUndefined();
  await expect(toApplication(value)).rejects.toMatchObject({ code: 'NOT_RECOGNISED' });
});

test('a server’s only listener may be async: what it rejects with is 500', async () => {
  const server = createServer(async () => {
    throw new Error('async');
  });
  await using served = await serve(await toApplication(server));
  expect((await fetch(served.url)).status).toBe(500);
});

test('a server’s checkContinue gets requests that expect it', async () => {
  const server = createServer(handler).on('checkContinue', (_req, res) => void res.writeHead(417).end());
  await using served = await serve(await toApplication(server));
  const client = await served.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n');
  expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 417/);
  client.destroy();
});
