import {
  type Application,
  type AsgiApplication,
  type Environ,
  markInterface,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import {
  createWebSocketAcceptor,
  HandshakeError,
  isWebSocketRequest,
  refuseHandshake,
  type WebSocketAcceptor,
  type WebSocketOptions,
} from '@highball/websocket';
import { HttpExchange } from './http-exchange.ts';
import { Lifespan, type LifespanOptions } from './lifespan.ts';
import { WebSocketExchange } from './websocket-exchange.ts';

/** Options of {@link fromAsgi}. */
export interface FromAsgiOptions extends LifespanOptions {
  /** Limits and rules of WebSockets; false passes their handshakes on as ordinary requests. @default {} */
  websocket?: WebSocketOptions | false;
}

/** An event-shaped application, for call-shaped servers. */
export interface AsgiGateway {
  /** To be served. */
  readonly application: Application;
  /**
   * Lets the application start: to be awaited before requests are served, once in an event loop. An application that
   * does not speak lifespan runs without it.
   * @returns what it threw, when that is how it said that it does not; else undefined.
   * @throws LifespanError (rejects) STARTUP_FAILED, STARTUP_TIMEOUT, LIFESPAN_UNSUPPORTED
   */
  startup(): Promise<unknown>;
  /**
   * Lets it end its work: to be awaited once the last request is answered.
   * @throws LifespanError (rejects) SHUTDOWN_FAILED, SHUTDOWN_TIMEOUT
   */
  shutdown(): Promise<void>;
}

/**
 * Makes a call-shaped application of an event-shaped one.
 *
 * @throws AsgiOptionError; WebSocketUsageError when an option of WebSockets makes no sense.
 */
export function fromAsgi(app: AsgiApplication, options: FromAsgiOptions = {}): AsgiGateway {
  const { websocket = {}, ...lifespanOptions } = options;
  const lifespan = new Lifespan(app, lifespanOptions);
  const acceptor = websocket === false ? undefined : createWebSocketAcceptor(websocket);
  const application: Application = (environ, startResponse) => {
    if (acceptor !== undefined && environ['HTTP_UPGRADE'] !== undefined && isWebSocketRequest(environ)) {
      return runWebSocket(app, lifespan, acceptor, environ, startResponse);
    }
    return new HttpExchange(environ, startResponse).run(app, lifespan.state);
  };
  return {
    application: markInterface(application, 'wsgi'),
    startup: () => lifespan.startup(),
    shutdown: () => lifespan.shutdown(),
  };
}

function runWebSocket(
  app: AsgiApplication,
  lifespan: Lifespan,
  acceptor: WebSocketAcceptor,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody> {
  try {
    const { subprotocols } = acceptor.check(environ);
    const exchange = new WebSocketExchange(acceptor, environ, startResponse);
    return exchange.run(app, subprotocols, lifespan.state);
  } catch (error) {
    if (error instanceof HandshakeError) return refuseHandshake(error, startResponse);
    throw error;
  }
}
