import { expectTypeOf, test } from 'vitest';
import {
  asgi,
  type AsgiApplication,
  type AsgiExtensions,
  type AsgiReceiveEvent,
  type AsgiScope,
  type AsgiSend,
  type AsgiSendEvent,
  type HttpScope,
  type WebSocketReceiveEvent,
  type WebSocketScope,
} from '../src/index.ts';

test('a scope is told apart by its type', () => {
  expectTypeOf<AsgiScope['type']>().toEqualTypeOf<'http' | 'websocket' | 'lifespan'>();
  expectTypeOf<Extract<AsgiScope, { type: 'http' }>>().toEqualTypeOf<HttpScope>();
  expectTypeOf<HttpScope['headers']>().toEqualTypeOf<readonly [name: string, value: string][]>();
  expectTypeOf<HttpScope['raw_path']>().toEqualTypeOf<string>();
  expectTypeOf<WebSocketScope['subprotocols']>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<HttpScope>().not.toHaveProperty('subprotocols');
  expectTypeOf<AsgiExtensions['tls']>().toEqualTypeOf<object | undefined>();
});

test('events have the names of the specification', () => {
  expectTypeOf<AsgiReceiveEvent['type']>().toEqualTypeOf<
    | 'http.request'
    | 'http.disconnect'
    | 'websocket.connect'
    | 'websocket.receive'
    | 'websocket.disconnect'
    | 'lifespan.startup'
    | 'lifespan.shutdown'
  >();
  expectTypeOf<AsgiSendEvent['type']>().toEqualTypeOf<
    | 'http.response.start'
    | 'http.response.body'
    | 'http.response.trailers'
    | 'http.response.early_hint'
    | 'websocket.accept'
    | 'websocket.send'
    | 'websocket.close'
    | 'websocket.http.response.start'
    | 'websocket.http.response.body'
    | 'lifespan.startup.complete'
    | 'lifespan.startup.failed'
    | 'lifespan.shutdown.complete'
    | 'lifespan.shutdown.failed'
  >();
});

test('an event that lacks what it must have, or has what it must not, is no event', () => {
  expectTypeOf<Parameters<AsgiSend>[0]>().toEqualTypeOf<AsgiSendEvent>();
  expectTypeOf<{ type: 'http.response.start' }>().not.toExtend<AsgiSendEvent>();
  expectTypeOf<{ type: 'http.response.body' }>().toExtend<AsgiSendEvent>();
  expectTypeOf<{ type: 'websocket.send'; text: string }>().toExtend<AsgiSendEvent>();
  expectTypeOf<{ type: 'websocket.send' }>().not.toExtend<AsgiSendEvent>();
  expectTypeOf<{ type: 'http.response.body'; body: string }>().not.toExtend<AsgiSendEvent>();
});

test('a message is text or bytes', () => {
  const lengthOf = (event: WebSocketReceiveEvent): number =>
    typeof event.text === 'string' ? event.text.length : event.bytes.length;
  expectTypeOf(lengthOf).returns.toEqualTypeOf<number>();
});

test('an application keeps its type when it is marked', () => {
  const app = asgi(async (scope, _receive, send) => {
    if (scope.type !== 'http') throw new TypeError(`no ${scope.type} here`);
    await send({ type: 'http.response.start', status: 200, headers: [['content-type', 'text/plain']] });
    await send({ type: 'http.response.body', body: Buffer.from(scope.path) });
  });
  expectTypeOf(app).toExtend<AsgiApplication>();
});
