import type { BodyChunk, HeaderList, StartResponse, Write } from '@highball/gateway-protocol';
import {
  serializeChunkHead,
  serializeFields,
  serializeLastChunk,
  serializeResponseHead,
} from '@highball/http-parser';
import { dateLine } from './date.ts';
import { isBodiless, readHeaders } from './head.ts';
import type { Output } from './output.ts';

/** What a response must know of its request and its connection. */
export interface ResponseContext {
  readonly method: string;
  readonly minorVersion: 0 | 1;
  /** `Server: …` with its line's end, or nothing. */
  readonly serverLine: string;
  /** Asked when the head is written: whether the connection can go on after this response. */
  mayPersist(): boolean;
}

/**
 * A response on its way (PEP 3333): begun by start_response, its head sent with the first bytes of the body, its
 * body framed so that the client can tell a whole one from one that was cut.
 */
export class Response {
  readonly #context: ResponseContext;
  readonly #output: Output;
  #status: string | undefined;
  #headers: HeaderList = [];
  #trailers: HeaderList = [];
  #chunked = false;
  #bodiless = false;
  /** What the head promised; -1 when it promised nothing. */
  #promised = -1;
  #headSent = false;
  #persists = false;
  #aborted = false;
  /** Bytes of the body that were handed to the connection. */
  bodyBytes = 0;

  constructor(context: ResponseContext, output: Output) {
    this.#context = context;
    this.#output = output;
  }

  get status(): string {
    return this.#status ?? '';
  }

  get started(): boolean {
    return this.#status !== undefined;
  }

  get headSent(): boolean {
    return this.#headSent;
  }

  /** Whether the connection may carry another response after this one. Known once the head is sent. */
  get persists(): boolean {
    return this.#persists;
  }

  /** Whether nobody takes the answer any more: what is still written goes nowhere. */
  get aborted(): boolean {
    return this.#aborted;
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.onAbort();
  }

  /** Called once when the client leaves; whoever waits for something puts itself here. */
  onAbort: () => void = () => undefined;

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    if (error === undefined || error === null) {
      if (this.#status !== undefined)
        throw new Error('start_response was called twice; pass the error to replace a response');
    } else if (this.#headSent) {
      throw error;
    }
    if (typeof status !== 'string' || !Array.isArray(headers)) {
      throw new TypeError("start_response takes a status like '200 OK' and an array of [name, value] pairs");
    }
    this.#status = status;
    this.#headers = headers;
    return this.#write;
  };

  /** `write`, as the application gets it from `start_response`. */
  readonly #write: Write = (chunk) => {
    if (chunk.length === 0) return undefined;
    this.send(chunk);
    return this.#output.full ? this.#output.drained() : undefined;
  };

  /** Sends fields behind a chunked body. */
  sendTrailers(trailers: HeaderList): void {
    // Checked now, so that the application gets the error and not the end of the response.
    serializeFields(trailers);
    this.#trailers.push(...trailers);
  }

  /** Sends 103 Early Hints ahead of the response (RFC 8297); an HTTP/1.0 client gets none. */
  sendEarlyHints(headers: HeaderList): void {
    if (this.#headSent || this.#aborted || this.#context.minorVersion === 0) return;
    this.#output.latin1(serializeResponseHead('103 Early Hints', headers));
  }

  /**
   * Sends a piece of the body, and the head before the first one.
   * @param wholeLength - the length of the whole body, where it is known already.
   * @throws Error when the body is longer than its Content-Length; nothing beyond it is sent.
   */
  send(chunk: BodyChunk, wholeLength = -1): void {
    if (this.#aborted) return;
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
    const head = this.#headSent ? '' : this.#head(wholeLength);
    if (this.#bodiless) {
      this.#output.latin1(head);
      return;
    }
    if (this.#promised !== -1 && this.bodyBytes + size > this.#promised) {
      throw new Error(`the application sends more than its Content-Length of ${this.#promised} bytes`);
    }
    this.bodyBytes += size;
    if (this.#chunked) this.#output.body(head + serializeChunkHead(size), chunk, '\r\n');
    else this.#output.body(head, chunk, '');
  }

  /**
   * Ends the body.
   * @throws Error when it is shorter than its Content-Length: the connection must be cut.
   */
  end(): void {
    if (this.#aborted) return;
    if (!this.#headSent) this.#output.latin1(this.#head(0));
    if (this.#bodiless) return;
    if (this.#promised > this.bodyBytes) {
      throw new Error(
        `the application sends ${this.bodyBytes} bytes of its Content-Length of ${this.#promised}`,
      );
    }
    if (this.#chunked) this.#output.latin1(serializeLastChunk(this.#trailers));
  }

  /** The head, with the fields that are the server's (RFC 9110 §6.6.1, §10.2.4; RFC 9112 §6, §9.3). */
  #head(wholeLength: number): string {
    if (this.#status === undefined) throw new Error('the application has not called start_response');
    const { method, minorVersion, serverLine } = this.#context;
    const facts = readHeaders(this.#status, this.#headers);
    const noLength = this.#status.startsWith('204') || this.#status.startsWith('1');
    const headers = noLength && facts.contentLength !== -1 ? withoutLength(this.#headers) : this.#headers;
    this.#bodiless = isBodiless(method, this.#status);
    let lines = (facts.hasDate ? '' : dateLine()) + (facts.hasServer ? '' : serverLine);
    let persists = !facts.close && this.#context.mayPersist();
    if (facts.contentLength !== -1) {
      this.#promised = facts.contentLength;
    } else if (wholeLength !== -1 && !this.#bodiless && this.#trailers.length === 0) {
      this.#promised = wholeLength;
      lines += `Content-Length: ${wholeLength}\r\n`;
    } else if (!this.#bodiless && minorVersion === 1) {
      this.#chunked = true;
      lines += 'Transfer-Encoding: chunked\r\n';
    } else if (!this.#bodiless) {
      // An HTTP/1.0 client can tell the end only by the connection's.
      persists = false;
    }
    if (!persists && !facts.close) lines += 'Connection: close\r\n';
    else if (persists && minorVersion === 0) lines += 'Connection: keep-alive\r\n';
    const head = serializeResponseHead(this.#status, headers, lines);
    this.#headSent = true;
    this.#persists = persists;
    return head;
  }
}

function withoutLength(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}
