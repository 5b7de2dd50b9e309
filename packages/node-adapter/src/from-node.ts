import type { Application, Environ, ResponseBody } from '@highball/gateway-protocol';
import { resolveMaxBuffered } from './delivery.ts';
import { Exchange } from './exchange.ts';
import type { NodeHandler, NodeHandlers } from './handler.ts';
import { upgradedRequest } from './upgraded-request.ts';

/** How a handler is run. */
export interface FromNodeOptions {
  /**
   * Bytes that a handler may write without minding that `write` returned false; more than that cuts its response.
   * Infinity is what node:http does.
   * @default 134_217_728 (128 MiB)
   */
  readonly maxBufferedBytes?: number;
}

/**
 * Makes a gateway application of a `(req, res)` handler, which gets a real IncomingMessage and ServerResponse of
 * node:http (see the README for what they can do).
 *
 * @param handler - a function, or one with its upgrades. An Express application is such a function; for others see
 *   `toApplication`.
 * @returns the application. It throws, or rejects, with what the handler throws before the end of its answer.
 * @throws AdapterUsageError `BAD_OPTION`.
 */
export function fromNode(handler: NodeHandler | NodeHandlers, options: FromNodeOptions = {}): Application {
  const maxBufferedBytes = resolveMaxBuffered(options.maxBufferedBytes);
  const handlers: NodeHandlers = typeof handler === 'function' ? { request: handler } : handler;
  return (environ, startResponse) => {
    const takeOver = environ['highball.upgrade'];
    const upgrade = takeOver && (environ.REQUEST_METHOD === 'CONNECT' ? handlers.connect : handlers.upgrade);
    if (takeOver !== undefined && upgrade !== undefined) {
      const { message, socket, head } = upgradedRequest(environ, takeOver());
      return afterUpgrade(environ, socket, () => upgrade(message, socket, head));
    }
    return new Exchange(environ, startResponse, maxBufferedBytes).run(handlers.request);
  };
}

const NOTHING: ResponseBody = [];

/** Runs what took the connection over; when it fails the connection is all that can end. */
function afterUpgrade(
  environ: Environ,
  socket: { destroy(): unknown },
  run: () => unknown,
): ResponseBody | Promise<ResponseBody> {
  const fail = (error: unknown): never => {
    socket.destroy();
    environ['wsgi.errors'].write(`an upgrade has failed: ${String(error)}\n`);
    throw error;
  };
  try {
    const running = run();
    if (running instanceof Promise) return running.then(() => NOTHING, fail);
  } catch (error) {
    fail(error);
  }
  return NOTHING;
}
