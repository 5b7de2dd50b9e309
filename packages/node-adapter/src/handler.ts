import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What node:http calls with each request; a promise that it returns is looked after. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What node:http calls with an 'upgrade' or a 'connect' event. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;

/** A handler with its upgrades: what an http.Server has as its listeners. Looked at anew with each request. */
export interface NodeHandlers {
  readonly request: NodeHandler;
  /** Gets the requests that ask for an upgrade. Without it they are requests like any other, as in node:http. */
  readonly upgrade?: UpgradeHandler | undefined;
  /** Gets the requests whose method is CONNECT. Without it they are requests like any other. */
  readonly connect?: UpgradeHandler | undefined;
}
