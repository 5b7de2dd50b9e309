import type { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';

/** Whether something is a server of node:http or node:https. */
export function isHttpServer(value: unknown): value is HttpServer {
  if (!(value instanceof NetServer) || !mayBeHttp(value)) return false;
  return value instanceof process.getBuiltinModule('node:http').Server || isHttpsServer(value);
}

/** Whether a server that {@link isHttpServer} knows brings TLS along. */
export function isHttpsServer(server: NetServer): boolean {
  return 'setSecureContext' in server && server instanceof process.getBuiltinModule('node:https').Server;
}

/** Their classes are looked at only where there is such a server: whoever has one has loaded them. */
function mayBeHttp(server: NetServer): boolean {
  return 'closeIdleConnections' in server;
}
