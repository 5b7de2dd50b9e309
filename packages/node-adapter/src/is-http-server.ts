import type { Server as HttpServer } from 'node:http';
import { Server as NetServer } from 'node:net';

/**
 * Whether something is a server of node:http or node:https. Their classes are looked at only where there is a server
 * of node:net, as they are: whoever has one of them has loaded them.
 */
export function isHttpServer(value: unknown): value is HttpServer {
  if (!(value instanceof NetServer)) return false;
  return value instanceof process.getBuiltinModule('node:http').Server || isHttpsServer(value);
}

/** Whether a server brings TLS along. */
export function isHttpsServer(server: NetServer): boolean {
  return server instanceof process.getBuiltinModule('node:https').Server;
}
