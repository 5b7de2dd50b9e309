import type { UpgradedConnection } from '@highball/gateway-protocol';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { http } from './builtin-http.ts';

/** A connection that node:http has let go of: an application takes it over, or answers on it a last time. */
export class UpgradeOffer {
  readonly response: ServerResponse;
  readonly #socket: Duplex;
  readonly #head: Buffer;
  #taken = false;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer) {
    this.response = new http.ServerResponse(request);
    // What follows on the connection nobody would parse.
    this.response.shouldKeepAlive = false;
    this.#socket = socket;
    this.#head = head;
    socket.on('error', this.#onError);
  }

  get taken(): boolean {
    return this.#taken;
  }

  /** Gives the connection away. */
  take(): UpgradedConnection {
    this.#taken = true;
    this.#socket.off('error', this.#onError);
    return { socket: this.#socket, head: this.#head };
  }

  /** Lets the response write to the connection, and closes it behind. */
  attach(): void {
    if (this.response.socket !== null) return;
    const socket = this.#socket as Socket;
    this.response.assignSocket(socket);
    // As node:http does behind the last answer of a connection; a Duplex that is no net.Socket can only end.
    this.response.on('finish', () => (socket.destroySoon ? socket.destroySoon() : socket.end()));
  }

  /** Every error of a socket is followed by its close, which is what counts. */
  readonly #onError = (): void => void this.#socket.destroy();
}
