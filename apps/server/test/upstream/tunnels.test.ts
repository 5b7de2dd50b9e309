import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { WorkerLine } from '../../src/ctl/types.ts';
import { Site } from '../started.ts';
import { balance, type Balanced, get } from './support.ts';

/** A server of WebSockets that say everything again, and of events without end. */
class Events implements AsyncDisposable {
  readonly server: Server;
  readonly sockets: WebSocketServer;
  /** Answers without end that are under way. */
  streams = 0;

  private constructor() {
    this.server = createServer((request, response) => {
      if (request.url === '/never') return;
      if (request.url !== '/events') return void response.end('ok');
      this.streams++;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n');
      const timer = setInterval(() => response.write('data: tick\n\n'), 50);
      response.on('close', () => (clearInterval(timer), this.streams--));
    });
    this.sockets = new WebSocketServer({ server: this.server });
    this.sockets.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data) => socket.send(`again ${String(data)}`));
    });
  }

  static async start(): Promise<Events> {
    const events = new Events();
    events.server.listen(0, '127.0.0.1');
    await once(events.server, 'listening');
    return events;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets.clients) socket.terminate();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

/** An open WebSocket. */
async function talk(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return socket;
}

async function say(socket: WebSocket, text: string): Promise<string> {
  const heard = once(socket, 'message');
  socket.send(text);
  return String((await heard)[0]);
}

/** A stream of events that has begun. */
async function listen(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send('GET /events HTTP/1.1\r\nHost: site.example\r\n\r\n');
  await client.until('data: first');
  return client;
}

const ticks = (client: RawClient): number => client.received.split('data: tick').length - 1;

async function workers(site: Site, pool = 'front'): Promise<readonly WorkerLine[]> {
  const status = await site.status();
  return status.pools.find(({ name }) => name === pool)?.workers ?? [];
}

const states = async (site: Site, pool?: string): Promise<string[]> =>
  (await workers(site, pool)).map(({ state, generation }) => `${generation} ${state}`);

/** Servers found by a function, checked, one at a time: all that a group of servers has to let go at the end. */
function configured(events: Events, settings: string): Promise<Balanced> {
  return balance(
    `{ discover: { find: () => ({ peers: [{ id: '${events.url}' }] }), intervalMs: 200 },
       health: { check: { path: '/health', intervalMs: 100 } }, balance: 'least-connections',
       queue: true, maxConnections: 50 }`,
    `workers: 1, ${settings}`,
  );
}

/** Waits until a stream has gone on. */
async function goesOn(stream: RawClient): Promise<void> {
  const before = ticks(stream);
  await expect.poll(() => ticks(stream)).toBeGreaterThan(before + 3);
}

test('what is open over two reloads lives on past the graceful timeout, and its own end is that of the old worker', async () => {
  await using events = await Events.start();
  await using site = await configured(events, 'gracefulTimeout: 1,');
  const [socket, stream] = [await talk(site.port), await listen(site.port)];
  const waiting = await RawClient.connect(site.port);
  waiting.send('GET /never HTTP/1.1\r\nHost: site.example\r\n\r\n');
  const [pid] = (await workers(site.site)).map((worker) => worker.pid);
  await site.site.ctl('reload');
  // What has no answer gets the graceful timeout.
  await waiting.closed;
  await site.site.ctl('reload');
  expect(await states(site.site)).toEqual(['3 ready', '1 retired']);
  expect(await site.site.ctl('status')).toMatch(new RegExp(`1 +${pid} +retired`));
  expect(await say(socket, 'old')).toBe('again old');
  await goesOn(stream);
  // What is new is the new worker's.
  const next = await talk(site.port);
  await expect.poll(async () => (await site.status()).servers[0]?.active).toBe(1);
  socket.close();
  stream.destroy();
  await expect.poll(() => states(site.site)).toEqual(['3 ready']);
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  expect(await say(next, 'new')).toBe('again new');
  await expect.poll(() => [events.sockets.clients.size, events.streams]).toEqual([1, 0]);
  next.close();
});

test('a stop of the server ends it in graceful time', async () => {
  await using events = await Events.start();
  await using site = await configured(events, 'gracefulTimeout: 1,');
  const [socket, stream] = [await talk(site.port), await listen(site.port)];
  await site.site.ctl('reload');
  expect(await say(socket, 'old')).toBe('again old');
  const ended = [once(socket, 'close'), stream.closed];
  site.program.signal('SIGTERM');
  await Promise.all(ended);
  await expect.poll(() => [events.sockets.clients.size, events.streams]).toEqual([0, 0]);
});

test('what is open over a HUP lives in the old worker until the retire timeout, and nothing of it stays', async () => {
  await using events = await Events.start();
  await using site = await configured(events, 'gracefulTimeout: 0.5, retireTimeout: 8,');
  const [socket, stream] = [await talk(site.port), await listen(site.port)];
  const ended = [once(socket, 'close'), stream.closed];
  site.program.signal('SIGHUP');
  await expect.poll(() => states(site.site)).toEqual(['2 ready', '1 retired']);
  const before = ticks(stream);
  expect(await say(socket, 'old')).toBe('again old');
  await expect.poll(() => ticks(stream)).toBeGreaterThan(before + 5);
  // What is new is the new worker's.
  const [next, nextStream] = [await talk(site.port), await listen(site.port)];
  expect(await say(next, 'new')).toBe('again new');
  await expect.poll(async () => (await site.status()).servers[0]?.active).toBe(2);
  // The old worker has its time, and no more.
  await Promise.all(ended);
  expect(await say(next, 'still')).toBe('again still');
  await expect.poll(() => states(site.site)).toEqual(['2 ready']);
  expect([events.sockets.clients.size, events.streams]).toEqual([1, 1]);
  next.close();
  nextStream.destroy();
  await expect.poll(() => [events.sockets.clients.size, events.streams]).toEqual([0, 0]);
  await expect.poll(async () => (await site.status()).servers[0]?.active).toBe(0);
  await expect.poll(async () => (await workers(site.site))[0]).toMatchObject({ connections: 0, active: 0 });
});

test('over a reload of the servers behind as well: those that run here keep what they have', async () => {
  const app = `import { WebSocketServer } from '${import.meta.resolve('ws')}';
    import { createServer } from 'node:http';
    const server = createServer((request, response) => {
      if (request.url !== '/events') return void response.end(String(process.pid));
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\\n\\n');
      const timer = setInterval(() => response.write('data: tick\\n\\n'), 50);
      response.on('close', () => clearInterval(timer));
    });
    new WebSocketServer({ server }).on('connection', (socket) =>
      socket.on('message', (data) => socket.send(process.pid + ' ' + data)));
    server.listen(0);`;
  await using site = await Site.make({
    'app.mjs': app,
    'highball.config.mjs': `export default { workers: 1, gracefulTimeout: 1,
      upstreams: { back: { app: './app.mjs', health: { check: { intervalMs: 100 } } } }, routes: [{ proxy: 'back' }] };`,
  });
  const { port } = await site.runConfig();
  const [socket, stream] = [await talk(port), await listen(port)];
  const [pid] = (await say(socket, 'x')).split(' ');
  for (let generation = 2; generation < 4; generation++) {
    await site.ctl('reload');
    for (const pool of ['back', 'front'])
      expect(await states(site, pool)).toEqual([`${generation} ready`, '1 retired']);
    expect(await say(socket, 'old')).toBe(`${pid} old`);
    await goesOn(stream);
  }
  const next = await talk(port);
  expect(await say(next, 'new')).not.toContain(pid);
  socket.close();
  stream.destroy();
  for (const pool of ['back', 'front']) await expect.poll(() => states(site, pool)).toEqual(['3 ready']);
  expect(await say(next, 'still')).toMatch(/ still$/);
  next.close();
  expect(await get(port)).toMatch(/^HTTP\/1\.1 200 /);
});
