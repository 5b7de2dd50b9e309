import { RemoteProtocolError } from './errors.ts';
import { asBuffer } from './gather.ts';
import { type CgiHead, HeadCollector, type HeadOptions } from './response-head.ts';

/** What is told of a response, in this order. */
export interface CgiResponseHandler {
  onHead(head: CgiHead): void;
  /** @param chunk - a view into the bytes that were pushed, or kept. */
  onBody(chunk: Uint8Array): void;
  onEnd(): void;
}

/** Options of {@link CgiResponseParser}. */
export interface CgiResponseOptions extends HeadOptions {
  /** The method of the request: an answer to HEAD has no body, whatever comes. */
  readonly method: string;
}

/**
 * Parses a CGI response (RFC 3875 §6): what uWSGI and SCGI servers send until they close, and what FastCGI carries in
 * STDOUT. Its end comes from below, by {@link finish}, unless Content-Length says it before.
 */
export class CgiResponseParser {
  readonly #handler: CgiResponseHandler;
  readonly #isHead: boolean;
  readonly #collector: HeadCollector;
  #state: 'head' | 'body' | 'ended' = 'head';
  /** Bytes of the body that are still to come. */
  #left = Infinity;
  #hasBody = true;

  constructor(handler: CgiResponseHandler, options: CgiResponseOptions) {
    this.#handler = handler;
    this.#isHead = options.method === 'HEAD';
    this.#collector = new HeadCollector(options);
  }

  /** Whether the response is complete. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Takes what has come, cut wherever; what comes behind the body is passed over. @throws RemoteProtocolError */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#state !== 'head') {
      this.#body(bytes);
      return;
    }
    const found = this.#collector.push(asBuffer(bytes));
    if (found === undefined) return;
    const { head, rest } = found;
    this.#state = 'body';
    this.#hasBody = !this.#isHead && head.status !== 204 && head.status !== 304;
    if (this.#hasBody && head.contentLength >= 0) this.#left = head.contentLength;
    this.#handler.onHead(head);
    if (this.#left === 0) this.#end();
    else if (rest.length > 0) this.#body(rest);
  }

  /** No more comes. @throws RemoteProtocolError INCOMPLETE when that is not all of the response. */
  finish(): void {
    if (this.#state === 'head') throw new RemoteProtocolError('INCOMPLETE', 'no complete head');
    if (this.#state === 'ended') return;
    if (this.#left !== Infinity && this.#left > 0) {
      throw new RemoteProtocolError('INCOMPLETE', `${this.#left} bytes of the body are missing`);
    }
    this.#end();
  }

  #body(bytes: Uint8Array): void {
    if (this.#state === 'ended' || !this.#hasBody) return;
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#handler.onBody(part);
    if (this.#left === 0) this.#end();
  }

  #end(): void {
    this.#state = 'ended';
    this.#handler.onEnd();
  }
}
