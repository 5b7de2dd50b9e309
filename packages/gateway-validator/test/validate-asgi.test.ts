import {
  type AsgiApplication,
  type AsgiReceiveEvent,
  type AsgiSendEvent,
  interfaceOf,
} from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { validateAsgi, ValidatorOptionError } from '../src/index.ts';
import {
  type Anything,
  BODY,
  collectAsgi,
  CONNECT,
  http,
  lifespan,
  REQUEST,
  START,
  websocket,
} from './asgi-cases.ts';

const breach = (code: string): unknown => expect.objectContaining({ name: 'GatewayBreach', code });
const HINT: AsgiSendEvent = { type: 'http.response.early_hint', links: ['</a.css>; rel=preload'] };
const ASKS = { type: 'lifespan.startup' };

/** Sends what it is told to, after it has received so much. */
const conversation =
  (received: number, ...sent: readonly AsgiSendEvent[]): Anything =>
  async (_scope, receive, send) => {
    for (let i = 0; i < received; i++) await receive();
    for (const event of sent) await send(event);
  };

const piece = (text: string, more: boolean): AsgiSendEvent => ({
  type: 'http.response.body',
  body: Buffer.from(text),
  more_body: more,
});
const withHeaders = (headers: [string, string][], status = 200): AsgiSendEvent => ({
  type: 'http.response.start',
  status,
  headers,
});

describe('a correct application passes:', () => {
  test.each<[string, unknown, readonly unknown[], Anything]>([
    ['a response', http(), [REQUEST], conversation(1, START, BODY)],
    ['without a body', http(), [], conversation(0, withHeaders([], 204), { type: 'http.response.body' })],
    [
      'in pieces',
      http(),
      [],
      conversation(0, withHeaders([['content-length', '4']]), piece('ab', true), piece('cd', false)),
    ],
    [
      'to HEAD, the length alone',
      http({ method: 'HEAD' }),
      [],
      conversation(0, withHeaders([['content-length', '4']]), piece('', false)),
    ],
    [
      'a 304 with a length',
      http(),
      [],
      conversation(0, withHeaders([['content-length', '4']], 304), piece('', false)),
    ],
    [
      'with hints and trailers',
      http(),
      [],
      conversation(
        0,
        HINT,
        HINT,
        { ...START, trailers: true } as AsgiSendEvent,
        BODY,
        { type: 'http.response.trailers', headers: [], more_trailers: true },
        { type: 'http.response.trailers', headers: [['x-sum', '1']] },
      ),
    ],
    [
      'to a client that has left',
      http(),
      [REQUEST, { type: 'http.disconnect' }, { type: 'http.disconnect' }],
      conversation(3, START),
    ],
    [
      'on a Unix socket',
      http({ client: null, server: ['/run/app.sock', null] }),
      [],
      conversation(0, START, BODY),
    ],
    ['below a mount point', http({ root_path: '/caf\u00e9' }), [], conversation(0, START, BODY)],
    [
      'a WebSocket that is accepted',
      websocket(),
      [CONNECT, { type: 'websocket.receive', text: 'a' }],
      async (scope, receive, send) => {
        await conversation(1, { type: 'websocket.accept', subprotocol: 'chat' })(scope, receive, send);
        await conversation(
          1,
          { type: 'websocket.send', bytes: new Uint8Array(1) },
          { type: 'websocket.close', code: 4000, reason: 'enough' },
        )(scope, receive, send);
      },
    ],
    [
      'a WebSocket that the client closes',
      websocket(),
      [CONNECT, { type: 'websocket.disconnect', code: 1005 }],
      conversation(2),
    ],
    ['a WebSocket that is refused', websocket(), [CONNECT], conversation(1, { type: 'websocket.close' })],
    [
      'a WebSocket that is refused with a page',
      websocket(),
      [CONNECT],
      conversation(
        1,
        { type: 'websocket.http.response.start', status: 401 },
        { type: 'websocket.http.response.body', body: new Uint8Array(1), more_body: true },
        { type: 'websocket.http.response.body' },
      ),
    ],
    [
      'a life',
      lifespan,
      [ASKS, { type: 'lifespan.shutdown' }],
      async (scope, receive, send) => {
        await conversation(1, { type: 'lifespan.startup.complete' })(scope, receive, send);
        await conversation(1, { type: 'lifespan.shutdown.failed', message: 'why' })(scope, receive, send);
      },
    ],
    ['a life in which it takes no part', lifespan, [], conversation(0)],
  ])('%s', async (_name, scope, given, app) => {
    const trial = collectAsgi();
    await trial.call(app, scope, given);
    expect(trial.breaches).toEqual([]);
  });
});

describe('within a rule, also', () => {
  test.each<[string, string, unknown, readonly unknown[], Anything]>([
    [
      'a body that is too short',
      'HTTP_CONTENT_LENGTH',
      http(),
      [],
      conversation(0, withHeaders([['content-length', '6']]), BODY),
    ],
    [
      'a body behind the one before the trailers',
      'HTTP_AFTER_END',
      http(),
      [],
      conversation(0, { ...START, trailers: true } as AsgiSendEvent, BODY, BODY, {
        type: 'http.response.trailers',
        headers: [],
      }),
    ],
    [
      'trailers: true to a server without them',
      'EXTENSION_MISSING',
      http({ extensions: {} }),
      [],
      async (scope, receive, send) => {
        await conversation(0, { ...START, trailers: true } as AsgiSendEvent, BODY)(scope, receive, send);
      },
    ],
    [
      'a page for a refusal to a server without it',
      'EXTENSION_MISSING',
      websocket({ extensions: {} }),
      [CONNECT],
      conversation(1, { type: 'websocket.http.response.start', status: 401 }),
    ],
    [
      'a reason that is too long',
      'WEBSOCKET_CLOSE_CODE',
      websocket(),
      [CONNECT],
      conversation(1, { type: 'websocket.accept' }, { type: 'websocket.close', reason: '\u00e9'.repeat(62) }),
    ],
    [
      'a message with text and bytes',
      'WEBSOCKET_MESSAGE',
      websocket(),
      [CONNECT],
      conversation(1, { type: 'websocket.accept' }, {
        type: 'websocket.send',
        text: 'a',
        bytes: new Uint8Array(1),
      } as never),
    ],
    [
      'a refusal that has no start',
      'WEBSOCKET_REFUSAL',
      websocket(),
      [CONNECT],
      conversation(1, { type: 'websocket.http.response.body' }),
    ],
    [
      'a message before the WebSocket is open',
      'RECEIVED_ORDER',
      websocket(),
      [CONNECT, { type: 'websocket.receive', text: 'a' }],
      conversation(2),
    ],
    [
      'a WebSocket without connect',
      'RECEIVED_ORDER',
      websocket(),
      [{ type: 'websocket.disconnect', code: 1006 }],
      conversation(1),
    ],
    [
      'an accept after the start of a refusal',
      'WEBSOCKET_REFUSAL',
      websocket(),
      [CONNECT],
      conversation(1, { type: 'websocket.http.response.start', status: 401 }, { type: 'websocket.accept' }),
    ],
    [
      'a message from the client without text or bytes',
      'RECEIVED_FIELD',
      websocket(),
      [CONNECT, { type: 'websocket.receive' }],
      async (scope, receive, send) => {
        await conversation(1, { type: 'websocket.accept' })(scope, receive, send);
        await receive();
      },
    ],
    [
      'a shutdown before the startup',
      'RECEIVED_ORDER',
      lifespan,
      [{ type: 'lifespan.shutdown' }],
      conversation(1),
    ],
    [
      'an answer that is given twice',
      'LIFESPAN_ORDER',
      lifespan,
      [ASKS],
      conversation(1, { type: 'lifespan.startup.complete' }, { type: 'lifespan.startup.complete' }),
    ],
    [
      'an answer to another question',
      'LIFESPAN_ORDER',
      lifespan,
      [ASKS],
      conversation(1, { type: 'lifespan.shutdown.complete' }),
    ],
  ])('%s is a breach', async (_name, code, scope, given, app) => {
    const trial = collectAsgi();
    await trial.call(app, scope, given).catch(() => undefined);
    expect(trial.codes).toEqual([code]);
  });
});

describe('a breach', () => {
  const receive = async (): Promise<AsgiReceiveEvent> => REQUEST;
  const send = async (): Promise<void> => undefined;

  test('of a send rejects that send; the server never gets the event', async () => {
    const sent: AsgiSendEvent[] = [];
    const app: AsgiApplication = async (_scope, _receive, send) => {
      await expect(send(BODY)).rejects.toEqual(breach('HTTP_BODY_BEFORE_START'));
    };
    const call = validateAsgi(app)(http(), receive, async (event) => void sent.push(event));
    await expect(call).rejects.toEqual(breach('HTTP_INCOMPLETE'));
    expect(sent).toEqual([]);
  });

  test('of a scope rejects the call, before the application sees it', async () => {
    let called = false;
    const app = validateAsgi(async () => {
      called = true;
    });
    await expect(app(http({ method: 'get' }), receive, send)).rejects.toEqual(breach('SCOPE_METHOD'));
    expect(called).toBe(false);
  });

  test('is not what a response is that its client did not wait for', async () => {
    const gone = new Error('gone');
    const app = validateAsgi(async (_scope, _receive, send) => {
      await send(START).catch(() => undefined);
    });
    await expect(app(http(), receive, () => Promise.reject(gone))).resolves.toBeUndefined();
  });

  test('is not what the application throws', async () => {
    const error = new Error('mine');
    const app = validateAsgi(() => Promise.reject(error));
    await expect(app(http(), receive, send)).rejects.toBe(error);
  });
});

test('events go through as they are', async () => {
  const sent: AsgiSendEvent[] = [];
  let received: AsgiReceiveEvent | undefined;
  const app = validateAsgi(async (_scope, receive, send) => {
    received = await receive();
    await send(START);
    await send(BODY);
  });
  await app(
    http(),
    async () => REQUEST,
    async (event) => void sent.push(event),
  );
  expect(received).toBe(REQUEST);
  expect(sent[0]).toBe(START);
  expect(sent[1]).toBe(BODY);
});

test('a validated application is marked as what it is', () => {
  expect(interfaceOf(validateAsgi(async () => undefined))).toBe('asgi');
});

test('what is no application is refused', () => {
  expect(() => validateAsgi(undefined as never)).toThrow(ValidatorOptionError);
});
