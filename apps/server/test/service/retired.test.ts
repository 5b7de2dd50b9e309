import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { RawClient } from '@highball/testkit';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Site } from '../started.ts';

/** WebSockets of the server's own, which are closed with 1001 when it stops. */
const TALKER = `import { asgi } from '${import.meta.resolve('@highball/gateway-protocol')}';
export const app = asgi(async (scope, receive, send) => {
  if (scope.type !== 'websocket') return;
  await receive();
  await send({ type: 'websocket.accept' });
  for (;;) {
    const event = await receive();
    if (event.type !== 'websocket.receive') return;
    await send({ type: 'websocket.send', text: process.pid + ' ' + event.text });
  }
});`;

async function states(site: Site): Promise<string[]> {
  const { pools } = await site.status();
  const workers = pools.find(({ name }) => name === 'front')?.workers ?? [];
  return workers.map(({ state, generation }) => `${generation} ${state}`);
}

test('a WebSocket of the application is not told of a reload; a stop closes it with 1001', async () => {
  await using site = await Site.make({ 'app.mjs': TALKER });
  const { program, port } = await site.serve(['--graceful-timeout', '3']);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  await once(socket, 'open');
  const say = async (): Promise<string> => {
    const heard = once(socket, 'message');
    socket.send('hello');
    return String((await heard)[0]);
  };
  const before = await say();
  await site.ctl('reload');
  expect(await states(site)).toEqual(['2 ready', '1 retired']);
  expect(await say()).toBe(before);
  const closed = once(socket, 'close');
  program.signal('SIGTERM');
  expect((await closed)[0]).toBe(1001);
});

test('a tunnel of CONNECT in which nothing is said outlives a reload, and ends by itself', async () => {
  const destination = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(destination, 'listening');
  const authority = `127.0.0.1:${(destination.address() as AddressInfo).port}`;
  await using site = await Site.make({
    'highball.config.mjs': `export default { workers: 1, gracefulTimeout: 3,
      forwardProxy: { users: 'anyone', allow: ['${authority}'] }, routes: [{ app: './app.mjs' }] };`,
  });
  const { port } = await site.runConfig();
  const client = await RawClient.connect(port);
  client.send(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  await client.until('200 Connection Established\r\n\r\n');
  await site.ctl('reload');
  expect(await states(site)).toEqual(['2 ready', '1 retired']);
  client.send('still here');
  await client.until('still here');
  client.end();
  await client.closed;
  await expect.poll(() => states(site)).toEqual(['2 ready']);
  destination.close();
});
