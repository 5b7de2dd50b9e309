// oxlint-disable-next-line import/no-unassigned-import
import fastifyWebsocket from '@fastify/websocket';
import Fastify from 'fastify';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { fromNode, toApplication } from '../src/index.ts';
import { ask, deferred, get, serve } from './support.ts';

const UPGRADE = ['Connection: Upgrade', 'Upgrade: echo'];

describe('an upgrade', () => {
  test('gets the request, the connection, and the bytes behind the head', async () => {
    const seen = deferred<unknown[]>();
    const upgrade = (req: IncomingMessage, socket: Duplex, head: Buffer): void => {
      seen.resolve([req.url, req.headers.upgrade, req.socket === socket, head.toString(), req.complete]);
      // The request itself is over: what follows is not its body.
      req.resume().on('end', () => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nbye'));
    };
    await using served = await serve(fromNode({ request: (_req, res) => res.end(), upgrade }));
    const text = await ask(served, `${get('/chat', ...UPGRADE)}early`, 'bye');
    expect(text).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    expect(await seen.promise).toEqual(['/chat', 'echo', true, 'early', true]);
  });

  test('is a request like any other where nobody listens', async () => {
    const server = createServer((_req, res) => res.end('plain'));
    await using served = await serve(await toApplication(server));
    expect(await ask(served, get('/', ...UPGRADE), 'plain')).toMatch(/^HTTP\/1.1 200 OK/);
  });

  test('that fails closes the connection, and is logged', async () => {
    const upgrade = (): never => {
      throw new Error('broken');
    };
    await using served = await serve(fromNode({ request: (_req, res) => res.end(), upgrade }));
    const client = await served.connect();
    client.send(get('/', ...UPGRADE));
    await client.closed;
    expect(client.received).toBe('');
    expect(served.errors[0]?.message).toContain('broken');
  });

  test('knows the client that a trusted proxy tells of', async () => {
    const seen = deferred<string | undefined>();
    const upgrade = (req: IncomingMessage, socket: Duplex): void => {
      seen.resolve(req.socket.remoteAddress);
      socket.destroy();
    };
    await using served = await serve(fromNode({ request: (_req, res) => res.end(), upgrade }));
    const client = await served.connect();
    client.send(get('/', ...UPGRADE, 'X-Forwarded-For: 203.0.113.7'));
    expect(await seen.promise).toBe('203.0.113.7');
    await client.closed;
  });

  test('by CONNECT reaches the listeners of connect', async () => {
    const server = createServer().on('connect', (req: IncomingMessage, socket: Duplex) => {
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${req.method} ${req.url}`);
    });
    await using served = await serve(await toApplication(server));
    const text = await ask(served, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', '443');
    expect(text).toContain('CONNECT a.example:443');
  });
});

test('ws on an http.Server: messages both ways, a refusal, a close', async () => {
  const server = createServer();
  const sockets = new WebSocketServer({ server, verifyClient: ({ req }: { req: IncomingMessage }) => req.url !== '/no' }); // prettier-ignore
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${String(data)}`)));
  await using served = await serve(await toApplication(server));
  const client = new WebSocket(`ws://127.0.0.1:${served.port}/`);
  await once(client, 'open');
  client.send('hello');
  const [data] = (await once(client, 'message')) as [Buffer];
  expect(String(data)).toBe('echo hello');
  client.close(4001, 'enough');
  expect(await once(client, 'close')).toEqual([1000 * 4 + 1, Buffer.from('enough')]);
  const refused = new WebSocket(`ws://127.0.0.1:${served.port}/no`);
  const [error] = (await once(refused, 'error')) as [Error];
  expect(error.message).toContain('401');
});

test('socket.io: polling, the upgrade to WebSocket, acknowledgements', async () => {
  const server = createServer();
  const sockets = new SocketServer(server);
  sockets.on('connection', (socket) => socket.on('add', (a: number, b: number, done) => done(a + b)));
  await using served = await serve(await toApplication(server));
  const client = io(served.url, { reconnection: false });
  const upgraded = deferred<string>();
  client.io.engine.once('upgrade', (transport) => upgraded.resolve(transport.name));
  await new Promise<void>((resolve) => client.once('connect', resolve));
  expect(await client.emitWithAck('add', 2, 3)).toBe(5);
  expect(await upgraded.promise).toBe('websocket');
  expect(await client.emitWithAck('add', 20, 3)).toBe(23);
  client.disconnect();
  sockets.disconnectSockets(true);
});

test('@fastify/websocket: a route that is a socket', async () => {
  const app = Fastify();
  await app.register(fastifyWebsocket);
  app.get('/ws', { websocket: true }, (socket) => {
    socket.on('message', (data: Buffer) => socket.send(`fastify ${String(data)}`));
  });
  app.get('/', async () => 'plain');
  await using served = await serve(await toApplication(app));
  const client = new WebSocket(`ws://127.0.0.1:${served.port}/ws`);
  await once(client, 'open');
  client.send('hi');
  const [data] = (await once(client, 'message')) as [Buffer];
  expect(String(data)).toBe('fastify hi');
  client.terminate();
  expect(await (await fetch(served.url)).text()).toBe('plain');
});
