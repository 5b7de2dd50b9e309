import { RemoteProtocolError } from './errors.ts';
import type { Variables } from './variables.ts';

/** What is told of a request, in this order. */
export interface RequestHandler {
  onVariables(variables: Variables, contentLength: number): void;
  /** @param chunk - a view into the bytes that were pushed: copy it to keep it, if their memory is used again. */
  onBody(chunk: Uint8Array): void;
  onEnd(): void;
}

/** The body behind the variables of uwsgi and SCGI: CONTENT_LENGTH bytes, and nothing after them. */
export class LengthBody {
  readonly #handler: RequestHandler;
  #left = 0;
  #ended = false;

  constructor(handler: RequestHandler) {
    this.#handler = handler;
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(variables: Variables, contentLength: number): void {
    this.#left = contentLength;
    this.#handler.onVariables(variables, contentLength);
    this.#endWhenWhole();
  }

  /** @throws RemoteProtocolError BAD_REQUEST when more comes than was announced: a connection carries one request. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#ended) throw new RemoteProtocolError('BAD_REQUEST', 'bytes behind the request');
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#handler.onBody(part);
    this.#endWhenWhole();
    if (part.length < bytes.length) throw new RemoteProtocolError('BAD_REQUEST', 'bytes behind the request');
  }

  #endWhenWhole(): void {
    if (this.#left > 0) return;
    this.#ended = true;
    this.#handler.onEnd();
  }
}
