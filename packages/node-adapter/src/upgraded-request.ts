import type { Environ, UpgradedConnection } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { http } from './builtin-http.ts';
import { giveFields } from './internals.ts';
import { requestLines } from './request-fields.ts';
import { requestUrl } from './request-url.ts';

/** What an 'upgrade' listener of node:http is given. */
export interface UpgradeArguments {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Makes what an 'upgrade' listener gets of a connection that the server has handed over. */
export function upgradedRequest(environ: Environ, connection: UpgradedConnection): UpgradeArguments {
  const { socket, head } = connection;
  tellClient(socket, environ);
  const message = new http.IncomingMessage(socket as Socket);
  message.method = environ.REQUEST_METHOD;
  message.url = requestUrl(environ).url;
  message.httpVersion = '1.1';
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  giveFields(message, requestLines(environ));
  // As node:http has it, the message is over with its head: what follows belongs to the new protocol.
  message.complete = true;
  Object.assign(message, { upgrade: true });
  message.push(null);
  return { message, socket, head: Buffer.from(head.buffer, head.byteOffset, head.byteLength) };
}

/** The raw connection knows the proxy in front; its client is whom the server believes it to be. */
function tellClient(socket: Duplex, environ: Environ): void {
  const { REMOTE_ADDR: address, REMOTE_PORT: port } = environ;
  if (address === undefined || address === '' || address === (socket as Socket).remoteAddress) return;
  Object.defineProperties(socket, {
    remoteAddress: { value: address, configurable: true },
    remotePort: { value: Number(port) || undefined, configurable: true },
  });
}
