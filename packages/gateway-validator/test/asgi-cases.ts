import type {
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSendEvent,
  HttpScope,
  LifespanScope,
  WebSocketScope,
} from '@highball/gateway-protocol';
import { type GatewayBreach, type RuleCode, validateAsgi } from '../src/index.ts';
import type { asgiRules } from '../src/rules/asgi.ts';

/** What an application does with its call: anything. */
export type Anything = (
  scope: unknown,
  receive: () => Promise<AsgiReceiveEvent>,
  send: (event: unknown) => Promise<void>,
) => unknown;

/** A trial whose breaches are collected. */
export interface AsgiTrial {
  readonly codes: RuleCode[];
  readonly breaches: GatewayBreach[];
  /** Calls an application with a scope and what the server gives it. */
  readonly call: (app: Anything, scope?: unknown, given?: readonly unknown[]) => Promise<void>;
  /** The application behind the validator. */
  readonly guard: (app: Anything) => AsgiApplication;
}

export type AsgiCase = (trial: AsgiTrial) => unknown;

export function collectAsgi(): AsgiTrial {
  const breaches: GatewayBreach[] = [];
  const codes: RuleCode[] = [];
  const onBreach = (breach: GatewayBreach): void => {
    breaches.push(breach);
    codes.push(breach.code);
  };
  const guard = (app: Anything): AsgiApplication => validateAsgi(app as AsgiApplication, { onBreach });
  const call: AsgiTrial['call'] = async (app, scope = http(), given = []) => {
    const events = [...given];
    await guard(app)(
      scope as HttpScope,
      async () => events.shift() as AsgiReceiveEvent,
      async () => undefined,
    );
  };
  return { codes, breaches, guard, call };
}

const connection = {
  asgi: { version: '3.0', spec_version: '2.5' } as const,
  http_version: '1.1' as const,
  path: '/caf\u00e9',
  raw_path: '/caf%C3%A9',
  query_string: 'a=b',
  root_path: '',
  headers: [['host', 'localhost']] as [string, string][],
  client: ['127.0.0.1', 40000] as const,
  server: ['/run/app.sock', null] as const,
  state: {},
  extensions: {
    'http.response.trailers': {},
    'http.response.early_hint': {},
    'websocket.http.response': {},
  },
};

/** A scope as a good server makes it, or with something changed. */
export function http(changes: Record<string, unknown> = {}): HttpScope {
  return { type: 'http', method: 'GET', scheme: 'http', ...connection, ...changes };
}

export function websocket(changes: Record<string, unknown> = {}): WebSocketScope {
  return { type: 'websocket', scheme: 'ws', subprotocols: ['chat'], ...connection, ...changes };
}

export const lifespan: LifespanScope = {
  type: 'lifespan',
  asgi: { version: '3.0', spec_version: '2.0' },
  state: {},
};

export const START: AsgiSendEvent = {
  type: 'http.response.start',
  status: 200,
  headers: [['content-type', 'text/plain']],
};
export const BODY: AsgiSendEvent = { type: 'http.response.body', body: Buffer.from('Hello') };
export const REQUEST: AsgiReceiveEvent = { type: 'http.request', body: new Uint8Array(), more_body: false };
export const CONNECT: AsgiReceiveEvent = { type: 'websocket.connect' };
const ACCEPT: AsgiSendEvent = { type: 'websocket.accept' };
const CLOSE: AsgiSendEvent = { type: 'websocket.close' };
const LENGTH_5: AsgiSendEvent = { ...START, headers: [['content-length', '5']] };
const MORE = { type: 'http.response.body', body: Buffer.from('Hello'), more_body: true };

const hello: Anything = async (_scope, _receive, send) => {
  await send(START);
  await send(BODY);
};
/** A good application that was given some scope. */
const given =
  (scope: unknown): AsgiCase =>
  ({ call }) =>
    call(hello, scope);
/** A good application whose WebSocket has some scope. */
const opened =
  (scope: unknown): AsgiCase =>
  ({ call }) =>
    call(async (_scope, receive) => void (await receive()), scope, [CONNECT]);
/** An application that sends these events. */
const sends =
  (...events: readonly unknown[]): AsgiCase =>
  ({ call }) =>
    call(async (_scope, _receive, send) => {
      for (const event of events) await send(event);
    });
/** The same in a WebSocket, once it is asked for. */
const talks =
  (...events: readonly unknown[]): AsgiCase =>
  ({ call }) =>
    call(
      async (_scope, receive, send) => {
        await receive();
        for (const event of events) await send(event);
      },
      websocket(),
      [CONNECT],
    );
/** A server that gives these events to a good application. */
const gives =
  (...events: readonly unknown[]): AsgiCase =>
  ({ call }) =>
    call(
      async (scope, receive, send) => {
        for (const _ of events) await receive();
        await hello(scope, receive, send);
      },
      http(),
      events,
    );

export const asgiCases: Record<keyof typeof asgiRules, AsgiCase> = {
  ASGI_CALL_ARGUMENTS: ({ guard }) =>
    (guard(async () => undefined) as (...args: unknown[]) => unknown)(lifespan, async () => undefined),
  ASGI_NO_PROMISE: ({ call }) => call(() => undefined, lifespan),
  SCOPE_NOT_OBJECT: given(null),
  SCOPE_TYPE: given(http({ type: 'https' })),
  SCOPE_VERSIONS: given(http({ asgi: { version: 3 } })),
  SCOPE_HTTP_VERSION: given(http({ http_version: 'HTTP/1.1' })),
  SCOPE_METHOD: given(http({ method: 'get' })),
  SCOPE_SCHEME: given(http({ scheme: 'ws' })),
  SCOPE_PATH: given(http({ path: 'page' })),
  SCOPE_BYTES: given(http({ query_string: Buffer.from('a=b') })),
  SCOPE_ROOT_PATH: given(http({ root_path: '/elsewhere' })),
  SCOPE_HEADERS: given(http({ headers: [['Host', 'localhost']] })),
  SCOPE_ADDRESS: given(http({ client: '127.0.0.1' })),
  SCOPE_SUBPROTOCOLS: opened(websocket({ subprotocols: 'chat' })),
  SCOPE_STATE: given(http({ state: 1 })),
  RECEIVE_OVERLAP: ({ call }) =>
    call(
      async (scope, receive, send) => {
        await Promise.all([receive(), receive()]);
        await hello(scope, receive, send);
      },
      http(),
      [REQUEST, { type: 'http.disconnect' }],
    ),
  RECEIVE_AFTER_RETURN: async ({ call }) => {
    let late: (() => Promise<unknown>) | undefined;
    await call(
      async (scope, receive, send) => {
        late = receive;
        await hello(scope, receive, send);
      },
      http(),
      [REQUEST],
    );
    await late?.();
  },
  RECEIVED_TYPE: gives({ type: 'http.response.start' }),
  RECEIVED_FIELD: gives({ ...REQUEST, body: 'text' }),
  RECEIVED_ORDER: gives(REQUEST, REQUEST),
  SEND_TYPE: sends({ type: 'http.response.end' }, START, BODY),
  SEND_FIELD: sends(START, { ...BODY, body: 'Hello' }),
  SEND_NO_PROMISE: ({ guard }) =>
    guard(async (scope, receive, send) => {
      await receive();
      await hello(scope, receive, send);
    })(http(), (() => REQUEST) as never, async () => undefined),
  SEND_STATUS: sends({ ...START, status: '200' }, BODY),
  SEND_HEADERS: sends({ ...START, headers: [['Content-Type', 'text/plain']] }, BODY),
  SEND_HOP_BY_HOP: sends({ ...START, headers: [['transfer-encoding', 'chunked']] }, BODY),
  HTTP_START_TWICE: sends(START, START, BODY),
  HTTP_BODY_BEFORE_START: sends(BODY),
  HTTP_AFTER_END: sends(START, BODY, BODY),
  HTTP_INCOMPLETE: sends(START, MORE),
  HTTP_BODY_UNWANTED: sends({ ...START, status: 204 }, BODY),
  HTTP_CONTENT_LENGTH: sends(LENGTH_5, MORE, BODY),
  HTTP_TRAILERS_UNANNOUNCED: sends(START, MORE, { type: 'http.response.trailers', headers: [] }),
  EXTENSION_MISSING: ({ call }) =>
    call(
      async (_scope, _receive, send) => {
        await send({ type: 'http.response.early_hint', links: [] });
        await send(START);
        await send(BODY);
      },
      http({ extensions: undefined }),
    ),
  HTTP_HINT_LATE: sends(START, { type: 'http.response.early_hint', links: [] }, BODY),
  WEBSOCKET_ACCEPT_EARLY: ({ call }) =>
    call(async (_scope, _receive, send) => send(ACCEPT), websocket(), [CONNECT]),
  WEBSOCKET_ACCEPT_TWICE: talks(ACCEPT, ACCEPT),
  WEBSOCKET_NOT_ACCEPTED: talks({ type: 'websocket.send', text: 'Hello' }),
  WEBSOCKET_SUBPROTOCOL: talks({ ...ACCEPT, subprotocol: 'news' }),
  WEBSOCKET_MESSAGE: talks(ACCEPT, { type: 'websocket.send' }),
  WEBSOCKET_CLOSE_CODE: talks(ACCEPT, { ...CLOSE, code: 1006 }),
  WEBSOCKET_AFTER_CLOSE: talks(ACCEPT, CLOSE, { type: 'websocket.send', text: 'Hello' }),
  WEBSOCKET_REFUSAL: talks(ACCEPT, { type: 'websocket.http.response.start', status: 403 }),
  LIFESPAN_ORDER: ({ call }) =>
    call(async (_scope, _receive, send) => send({ type: 'lifespan.startup.complete' }), lifespan),
};
