import type { Application, Environ, StartResponse } from '@highball/gateway-protocol';
import { createWebSocketAcceptor } from './acceptor.ts';
import { INTERNAL_ERROR } from './closure.ts';
import type { WebSocketConnection } from './connection.ts';
import { HandshakeError, WebSocketSendError } from './errors.ts';
import type { WebSocketOptions } from './options.ts';

/** Serves one WebSocket; when it returns, the WebSocket is closed with 1000, when it throws, with 1011. */
export type WebSocketHandler = (connection: WebSocketConnection, environ: Environ) => void | Promise<void>;

/**
 * An application that opens a WebSocket for each request, and answers all that are none.
 *
 * An error of the handler is written to `wsgi.errors`; that the peer has left is none.
 *
 * @throws WebSocketUsageError BAD_OPTION, BAD_HEADER
 */
export function webSocket(handler: WebSocketHandler, options: WebSocketOptions = {}): Application {
  const acceptor = createWebSocketAcceptor(options);
  return (environ, startResponse) => {
    try {
      void run(handler, acceptor.accept(environ), environ);
      return [];
    } catch (error) {
      if (error instanceof HandshakeError) return refuseHandshake(error, startResponse);
      throw error;
    }
  };
}

/** Answers a request that opens no WebSocket. @returns the body, as an application returns it. */
export function refuseHandshake(error: HandshakeError, startResponse: StartResponse): string[] {
  startResponse(error.status, [['Content-Type', 'text/plain; charset=utf-8'], ...error.headers]);
  return [`${error.message}\n`];
}

async function run(
  handler: WebSocketHandler,
  connection: WebSocketConnection,
  environ: Environ,
): Promise<void> {
  try {
    await handler(connection, environ);
    await connection.close();
  } catch (error) {
    if (!(error instanceof WebSocketSendError)) report(error, environ);
    await connection.close(INTERNAL_ERROR);
  }
}

function report(error: unknown, environ: Environ): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  environ['wsgi.errors'].write(
    `a WebSocket handler failed at ${environ.SCRIPT_NAME}${environ.PATH_INFO}: ${stack}\n`,
  );
}
