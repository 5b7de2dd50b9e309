import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { NodeHandler, NodeHandlers, UpgradeHandler } from './handler.ts';

/** What is needed of an http.Server; https.Server has it too. */
export type ServerLike = Pick<Server, 'listeners' | 'listenerCount' | 'emit'>;

/** Calls a server's listeners as its own connections would. They may come and go: socket.io replaces them. */
export function serverHandlers(server: ServerLike): NodeHandlers {
  const request: NodeHandler = (message, response) => emitRequest(server, message, response);
  const emitter = (event: 'upgrade' | 'connect'): UpgradeHandler | undefined =>
    server.listenerCount(event) === 0
      ? undefined
      : (message, socket, head) => void server.emit(event, message as never, socket as never, head as never);
  return {
    request,
    get upgrade() {
      return emitter('upgrade');
    },
    get connect() {
      return emitter('connect');
    },
  };
}

function emitRequest(server: ServerLike, request: IncomingMessage, response: ServerResponse): unknown {
  const expects = request.headers.expect?.toLowerCase() === '100-continue';
  const event = expects && server.listenerCount('checkContinue') > 0 ? 'checkContinue' : 'request';
  const listeners = server.listeners(event) as NodeHandler[];
  // The usual one is called by itself: what it returns may be a promise, and its rejection an answer of 500.
  if (listeners.length === 1) return listeners[0]?.call(server, request, response);
  server.emit(event, request as never, response as never);
  return undefined;
}
