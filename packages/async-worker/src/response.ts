import type { BodyChunk, HeaderList, StartResponse, Write } from '@highball/gateway-protocol';
import {
  serializeChunkHead,
  serializeFields,
  serializeLastChunk,
  serializeResponseHead,
} from '@highball/http-parser';
import { ApplicationError } from './errors.ts';
import type { Output } from './output.ts';
import { checkTrailers, type FieldFacts, isBodiless, readFields } from './response-fields.ts';
import type { ServerFields } from './server-fields.ts';

/** What a response must know of its request and its connection. */
export interface ResponseContext {
  readonly head: { readonly method: string; readonly minorVersion: 0 | 1 };
  readonly serverFields: ServerFields;
  /** Asked when the head is made: whether the connection can go on after this response. */
  mayPersist(): boolean;
}

const NO_FACTS: FieldFacts = { contentLength: -1, hasDate: false, hasServer: false, close: false };
const NO_TRAILERS: HeaderList = [];

/**
 * A response on its way (PEP 3333): begun by start_response, its head sent with the first bytes of the body, its
 * body framed so that the client can tell a whole one from one that was cut.
 */
export class Response {
  readonly #context: ResponseContext;
  readonly #output: Output;
  /** The head that start_response was given, without the server's lines. */
  #begun = '';
  #facts: FieldFacts = NO_FACTS;
  #trailers = NO_TRAILERS;
  #framing: 'length' | 'chunked' | 'close' | 'none' = 'none';
  /** What Content-Length promised; -1 when nothing was promised. */
  #promised = -1;
  #headSent = false;
  #over: 'ended' | 'aborted' | undefined;
  /** The status that start_response was given; empty before. */
  status = '';
  /** Whether the connection may carry another response after this one. Known once the head is sent. */
  persists = false;
  /** Bytes of the body that were handed to the connection. */
  bodyBytes = 0;
  /** Called once when nobody takes the answer any more: whoever waits for something puts itself here. */
  onAbort: (() => void) | undefined;

  constructor(context: ResponseContext, output: Output) {
    this.#context = context;
    this.#output = output;
  }

  get headSent(): boolean {
    return this.#headSent;
  }

  /** Whether all of it was handed to the connection. */
  get ended(): boolean {
    return this.#over === 'ended';
  }

  /** Whether nobody takes the answer any more: what is still sent goes nowhere. */
  get aborted(): boolean {
    return this.#over === 'aborted';
  }

  /** Whether nothing of the body is wanted any more: the client is gone, or the response has none. */
  get satisfied(): boolean {
    return this.#over !== undefined || (this.#headSent && this.#framing === 'none');
  }

  /** Whether the client can tell the end of the body only by the connection's. */
  get untilClose(): boolean {
    return this.#framing === 'close';
  }

  abort(): void {
    if (this.#over !== undefined) return;
    this.#over = 'aborted';
    this.onAbort?.();
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (this.#headSent && replaces) throw error;
    if (this.#over === 'ended')
      throw new ApplicationError('RESPONSE_OVER', 'start_response after the end of the response');
    if (this.#begun !== '' && !replaces) {
      throw new ApplicationError(
        'START_RESPONSE_TWICE',
        'start_response was called twice; pass the error to replace a response',
      );
    }
    this.#begin(status, headers);
    return this.#write;
  };

  /** `write`, as the application gets it from `start_response`. */
  readonly #write: Write = (chunk) => {
    if (this.#over === 'ended')
      throw new ApplicationError('RESPONSE_OVER', 'write after the end of the response');
    checkChunk(chunk);
    this.send(chunk);
    this.#output.flush();
    return this.#output.full ? this.#output.drained() : undefined;
  };

  /** Sends fields behind the body, if it is chunked; other framings have no place for them. */
  sendTrailers(trailers: HeaderList): void {
    if (this.#over === 'ended')
      throw new ApplicationError('RESPONSE_OVER', 'trailers after the end of the response');
    checkTrailers(trailers);
    // Serialized now, so that the application gets the error and not the end of the response.
    serializeFields(trailers);
    this.#trailers = [...this.#trailers, ...trailers];
  }

  /** Sends 103 Early Hints ahead of the response (RFC 8297); an HTTP/1.0 client gets none. */
  sendEarlyHints(headers: HeaderList): void {
    if (readFields('103', headers).contentLength !== -1) {
      throw new ApplicationError('SERVER_FIELD', 'early hints have no body, and no Content-Length');
    }
    const head = serializeResponseHead('103 Early Hints', headers);
    if (this.#headSent || this.#over !== undefined || this.#context.head.minorVersion === 0) return;
    this.#output.text(head);
    this.#output.flush();
  }

  /**
   * Sends a piece of the body, and the head before the first one.
   * @param wholeLength - the length of the whole body, where it is known already.
   * @throws ApplicationError when the body is longer than promised; nothing of that piece is sent.
   */
  send(chunk: BodyChunk, wholeLength = -1): void {
    if (this.#over !== undefined) return;
    const size = sizeOf(chunk);
    if (size === 0) return;
    const head = this.#headSent ? '' : this.#head(wholeLength);
    if (this.#framing === 'none') {
      this.#output.text(head);
      return;
    }
    this.bodyBytes += size;
    if (this.#promised !== -1 && this.bodyBytes > this.#promised) this.#tooLong(head, size);
    if (this.#framing === 'chunked') this.#output.chunk(head + serializeChunkHead(size), chunk, size, '\r\n');
    else this.#output.chunk(head, chunk, size, '');
  }

  /**
   * Ends the body.
   * @throws ApplicationError when it is shorter than promised: the connection must be cut.
   */
  end(): void {
    if (this.#over !== undefined) return;
    if (!this.#headSent) this.#output.text(this.#head(0));
    if (this.#framing === 'length' && this.#promised > this.bodyBytes) {
      const sent = `${this.bodyBytes} bytes, and Content-Length says ${this.#promised}`;
      throw new ApplicationError('BODY_TOO_SHORT', `the body has ${sent}`);
    }
    this.#over = 'ended';
    if (this.#framing === 'chunked') this.#output.text(serializeLastChunk(this.#trailers));
  }

  #begin(status: string, headers: HeaderList): void {
    if (typeof status !== 'string' || status.startsWith('1')) {
      const mend =
        "early hints and upgrades have callables of their own in environ; start_response takes '200 OK'";
      throw new ApplicationError('BAD_STATUS', `${status} is no final status: ${mend}`);
    }
    if (!Array.isArray(headers))
      throw new ApplicationError('BAD_HEADERS', 'headers are an array of [name, value] pairs');
    const facts = readFields(status, headers);
    // RFC 9110 §8.6: a 204 has no Content-Length.
    const drop = facts.contentLength !== -1 && status.startsWith('204');
    this.#begun = serializeResponseHead(status, drop ? withoutLength(headers) : headers);
    this.#facts = facts;
    this.status = status;
  }

  /** The head with the server's fields (RFC 9110 §6.6.1, §10.2.4; RFC 9112 §6, §9.3). */
  #head(wholeLength: number): string {
    if (this.#begun === '')
      throw new ApplicationError('NO_START_RESPONSE', 'the application has not called start_response');
    const { head: { method, minorVersion }, serverFields } = this.#context; // prettier-ignore
    const { contentLength, hasDate, hasServer, close } = this.#facts;
    if (
      wholeLength !== -1 &&
      contentLength !== -1 &&
      contentLength !== wholeLength &&
      !isBodiless(method, this.status)
    ) {
      const code = wholeLength > contentLength ? 'BODY_TOO_LONG' : 'BODY_TOO_SHORT';
      throw new ApplicationError(
        code,
        `the body has ${wholeLength} bytes, and Content-Length says ${contentLength}`,
      );
    }
    let lines = serverFields.lines(hasDate, hasServer) + this.#frame(wholeLength);
    this.persists = !close && this.#framing !== 'close' && this.#context.mayPersist();
    if (!this.persists && !close) lines += 'Connection: close\r\n';
    else if (this.persists && minorVersion === 0) lines += 'Connection: keep-alive\r\n';
    this.#headSent = true;
    return `${this.#begun.slice(0, -2)}${lines}\r\n`;
  }

  /** Decides how the end of the body is told; returns the line that says so. */
  #frame(wholeLength: number): string {
    const { method, minorVersion } = this.#context.head;
    this.#promised = this.#facts.contentLength;
    if (isBodiless(method, this.status)) {
      this.#framing = 'none';
      // What GET would have said, where that is known (RFC 9110 §9.3.2).
      const known = method === 'HEAD' && this.#promised === -1 && wholeLength > 0;
      return known ? `Content-Length: ${wholeLength}\r\n` : '';
    }
    this.#framing = 'length';
    if (this.#promised !== -1) return '';
    if (wholeLength !== -1 && this.#trailers.length === 0) {
      this.#promised = wholeLength;
      return `Content-Length: ${wholeLength}\r\n`;
    }
    this.#framing = minorVersion === 1 ? 'chunked' : 'close';
    return minorVersion === 1 ? 'Transfer-Encoding: chunked\r\n' : '';
  }

  #tooLong(head: string, size: number): never {
    this.bodyBytes -= size;
    // Not a byte has left: the server can still say 500.
    if (head !== '') this.#headSent = false;
    throw new ApplicationError(
      'BODY_TOO_LONG',
      `the body has more bytes than Content-Length says: ${this.#promised}`,
    );
  }
}

/** @throws ApplicationError when a piece of a body is none. */
export function checkChunk(chunk: unknown): asserts chunk is BodyChunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  const kind = chunk === null ? 'null' : typeof chunk;
  throw new ApplicationError(
    'BAD_CHUNK',
    `a piece of a body is a string or a Uint8Array, not ${kind}; encode it first`,
  );
}

/** Bytes of a piece, a string as UTF-8. */
export function sizeOf(chunk: BodyChunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}

function withoutLength(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}
