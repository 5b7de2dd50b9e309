import {
  type Application,
  asgi,
  type AsgiApplication,
  type AsgiReceive,
  type AsgiSend,
  closeBody,
  type Environ,
  type ErrorStream,
  type HttpScope,
  isAsyncBody,
  type ResponseBody,
} from '@highball/gateway-protocol';
import { Departure } from './departure.ts';
import { environOf } from './environ.ts';
import { AsgiProtocolError } from './errors.ts';
import { runLifespan, type LifespanHooks } from './lifespan-hooks.ts';
import { ReceiveInput } from './receive-input.ts';
import { bytesOf, ResponseEvents } from './response-events.ts';

/** Options of {@link toAsgi}. */
export interface ToAsgiOptions extends LifespanHooks {
  /** `wsgi.errors`. @default stderr */
  errors?: ErrorStream;
}

/**
 * Makes an event-shaped application of a call-shaped one, for event-shaped servers. WebSockets are refused with 403:
 * over events there is no connection that could be handed over.
 */
export function toAsgi(app: Application, options: ToAsgiOptions = {}): AsgiApplication {
  const errors = options.errors ?? stderr;
  return asgi(async (scope, receive, send) => {
    switch (scope.type) {
      case 'http':
        return serve(app, scope, receive, send, errors);
      case 'lifespan':
        return runLifespan(options, receive, send);
      case 'websocket':
        await receive();
        return send({ type: 'websocket.close' });
      default: {
        const { type } = scope as { type: string };
        throw new AsgiProtocolError('UNKNOWN_SCOPE', `there is nothing here for a scope of type ${type}`);
      }
    }
  });
}

async function serve(
  app: Application,
  scope: HttpScope,
  receive: AsgiReceive,
  send: AsgiSend,
  errors: ErrorStream,
): Promise<void> {
  const departure = new Departure(receive);
  const input = new ReceiveInput(receive, () => departure.onBodyRead());
  const environ = environOf(scope, input, errors);
  const response = new ResponseEvents(send, scope.extensions?.['http.response.trailers'] !== undefined);
  environ['highball.signal'] = departure.signal;
  if (scope.extensions?.['http.response.trailers']) {
    environ['highball.send_trailers'] = (trailers) => response.trail(trailers);
  }
  if (scope.extensions?.['http.response.early_hint']) offerHints(environ, send);
  const body = await app(environ, response.start);
  try {
    await sendBody(body, response);
  } finally {
    await closeBody(body);
  }
}

/** 103 has Link fields here, and no others: the event knows no more. */
function offerHints(environ: Environ, send: AsgiSend): void {
  environ['wsgi.early_hints'] = (headers) => {
    const links = headers.filter(([name]) => name.toLowerCase() === 'link').map(([, value]) => value);
    send({ type: 'http.response.early_hint', links }).catch(() => undefined);
  };
}

async function sendBody(body: ResponseBody, response: ResponseEvents): Promise<void> {
  if (typeof body === 'string') return response.whole([bytesOf(body)]);
  if (Array.isArray(body)) return response.whole(body.map(bytesOf));
  checkBody(body);
  await response.written();
  if (isAsyncBody(body)) for await (const chunk of body) await response.piece(bytesOf(chunk));
  // Not `for await`: it would await each piece of a synchronous iterable as well.
  else for (const chunk of body) await response.piece(bytesOf(chunk));
  await response.written();
  return response.end();
}

/** @throws AsgiProtocolError BAD_BODY */
function checkBody(body: unknown): void {
  const isIterable =
    typeof body === 'object' &&
    body !== null &&
    !(body instanceof Uint8Array) &&
    (Symbol.iterator in body || Symbol.asyncIterator in body);
  if (isIterable) return;
  throw new AsgiProtocolError('BAD_BODY', "return an iterable of strings or Uint8Arrays, as in ['Hello']");
}

const stderr: ErrorStream = {
  write: (text) => void process.stderr.write(text),
  writelines: (lines) => {
    for (const line of lines) process.stderr.write(line);
  },
  flush: () => undefined,
};
