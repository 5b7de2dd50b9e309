import type { Application } from '@highball/gateway-protocol';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import {
  type AcceptChoice,
  createWebSocketAcceptor,
  webSocket,
  type WebSocketOptions,
} from '../src/index.ts';
import { gate, serve } from './support.ts';

/** Accepts with a choice, and tells the client what was agreed on. */
function accepting(choice: AcceptChoice, options: WebSocketOptions = {}): Application {
  const { accept } = createWebSocketAcceptor(options);
  return (environ, startResponse) => {
    try {
      void accept(environ, choice).close(1000);
      return [];
    } catch (error) {
      startResponse('500 Internal Server Error', []);
      return [(error as { code: string }).code];
    }
  };
}

test('the first subprotocol that both sides speak is chosen, in the order of the server', async () => {
  const agreed = gate<string>();
  const app = webSocket((connection) => agreed.open(connection.subprotocol), { subprotocols: ['v2', 'v1'] });
  await using server = await serve(app);
  const client = await server.open({ protocols: ['v0', 'v1', 'v2'] });
  expect(client.protocol).toBe('v2');
  expect(await agreed.promise).toBe('v2');
});

test('without a subprotocol that both sides speak none is named', async () => {
  const agreed = gate<string>();
  const app = webSocket((connection) => agreed.open(connection.subprotocol), { subprotocols: ['v2'] });
  await using server = await serve(app);
  const raw = await server.openRaw('Sec-WebSocket-Protocol: v1');
  expect(raw.head).not.toMatch(/Sec-WebSocket-Protocol/i);
  expect(await agreed.promise).toBe('');
});

test('a choice of the subprotocol goes before the options', async () => {
  await using server = await serve(accepting({ subprotocol: 'v1' }, { subprotocols: ['v2'] }));
  expect((await server.openRaw('Sec-WebSocket-Protocol: v2, v1')).head).toMatch(/Sec-WebSocket-Protocol: v1/);
});

test('a choice of no subprotocol goes before the options', async () => {
  await using server = await serve(accepting({ subprotocol: null }, { subprotocols: ['v2'] }));
  expect((await server.openRaw('Sec-WebSocket-Protocol: v2')).head).not.toMatch(/Sec-WebSocket-Protocol/);
});

test.each<[string, AcceptChoice]>([
  ['BAD_SUBPROTOCOL', { subprotocol: 'v9' }],
  ['BAD_HEADER', { headers: [['Sec-WebSocket-Accept', 'x']] }],
])('%s leaves the request to be answered', async (code, choice) => {
  await using server = await serve(accepting(choice));
  const raw = await server.openRaw('Sec-WebSocket-Protocol: v1');
  expect(raw.head).toMatch(/^HTTP\/1\.1 500 /);
  expect(await raw.client.until(code)).toMatch(code);
});

test('fields of the options and of the choice are sent with the 101', async () => {
  const options = { headers: [['X-One', '1']] as [string, string][] };
  await using server = await serve(accepting({ headers: [['Set-Cookie', 'a=b']] }, options));
  expect((await server.openRaw()).head).toMatch(/\r\nX-One: 1\r\nSet-Cookie: a=b$/);
});

test('messages are compressed when the option and the client allow it', async () => {
  const big = 'all work and no play '.repeat(500);
  const app = webSocket(async (connection) => {
    for await (const message of connection) await connection.send(message);
  }, { deflate: true }); // prettier-ignore
  await using server = await serve(app);
  const client = await server.open({ deflate: true });
  expect(client.extensions).toMatch(/permessage-deflate/);
  client.send(big);
  const [data] = (await once(client, 'message')) as [Buffer];
  expect(data.toString()).toBe(big);
  const raw = await server.openRaw('Sec-WebSocket-Extensions: permessage-deflate');
  expect(raw.head).toMatch(/server_no_context_takeover/);
});

test('messages are not compressed by default', async () => {
  await using server = await serve(webSocket(() => undefined));
  const raw = await server.openRaw('Sec-WebSocket-Extensions: permessage-deflate');
  expect(raw.head).not.toMatch(/Sec-WebSocket-Extensions/);
});

test('extensions that cannot be read are refused with 400', async () => {
  await using server = await serve(webSocket(() => undefined, { deflate: true }));
  const raw = await server.openRaw('Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=99');
  expect(raw.head).toMatch(/^HTTP\/1\.1 400 /);
  expect(server.errors).toEqual([]);
});
