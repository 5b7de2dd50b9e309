import type { BodyChunk, HeaderList, StartResponse, Write } from '@highball/gateway-protocol';
import { serializeFields, serializeResponseHead } from '@highball/http-parser';
import { checkChunk, sizeOf } from './body-chunk.ts';
import { ApplicationError } from './errors.ts';
import type { FrozenBody } from './joined-answers.ts';
import { type PreparedHead, prepareHead } from './prepared-head.ts';
import { checkTrailers, readFields } from './response-fields.ts';
import { frameResponse, type ResponseFraming, wrongLength } from './response-framing.ts';
import type { HeadFacts, ResponseContext, ResponseWriter } from './response-writer.ts';

const NO_HEADERS: HeaderList = [];

/**
 * A response on its way (PEP 3333): begun by start_response, its head sent with the first bytes of the body, its
 * body framed so that the client can tell a whole one from one that was cut.
 */
export class Response implements HeadFacts {
  readonly context: ResponseContext;
  readonly #writer: ResponseWriter;
  /** What start_response was given. */
  #begun: PreparedHead | undefined;
  #trailers: HeaderList | undefined;
  /** Known once the head is sent. */
  #framing: ResponseFraming | undefined;
  #over: 'ended' | 'aborted' | undefined;
  /** The status that start_response was given; empty before. */
  status = '';
  /** The fields that start_response was given. */
  headers: HeaderList = NO_HEADERS;
  /** Whether the connection may carry another response after this one. Known once the head is sent. */
  persists = false;
  /** Bytes of the body that were handed to the connection. */
  bodyBytes = 0;
  /** Called once when nobody takes the answer any more: whoever waits for something puts itself here. */
  onAbort: (() => void) | undefined;

  constructor(context: ResponseContext, writer: ResponseWriter) {
    this.context = context;
    this.#writer = writer;
  }

  get headSent(): boolean {
    return this.#framing !== undefined;
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
    return this.#over !== undefined || this.#framing?.kind === 'none';
  }

  /** Whether the client can tell the end of the body only by the connection's. */
  get untilClose(): boolean {
    return this.#framing?.kind === 'close';
  }

  get hasTrailers(): boolean {
    return this.#trailers !== undefined;
  }

  /** Whether the application wants the connection to end with this response. */
  get asksToClose(): boolean {
    return this.#begun?.facts.close === true;
  }

  abort(): void {
    if (this.#over !== undefined) return;
    this.#over = 'aborted';
    this.onAbort?.();
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (replaces && this.headSent) throw error;
    this.#mustGoOn('start_response');
    if (this.#begun !== undefined && !replaces) {
      const mend = 'pass the error to replace a response';
      throw new ApplicationError('START_RESPONSE_TWICE', `start_response was called twice; ${mend}`);
    }
    this.#begin(status, headers);
    return this.#write;
  };

  /** `write`, as the application gets it from `start_response`. */
  readonly #write: Write = (chunk) => {
    this.#mustGoOn('write');
    checkChunk(chunk);
    this.send(chunk, sizeOf(chunk));
    const { output } = this.#writer;
    output.flush();
    return output.full ? output.drained() : undefined;
  };

  /** Sends fields behind the body, if it is chunked; other framings have no place for them. */
  sendTrailers(trailers: HeaderList): void {
    this.#mustGoOn('send_trailers');
    checkTrailers(trailers);
    // Serialized now, so that the application gets the error and not the end of the response.
    serializeFields(trailers);
    this.#trailers = [...(this.#trailers ?? []), ...trailers];
  }

  /** Sends 103 Early Hints ahead of the response (RFC 8297); an HTTP/1.0 client gets none. */
  sendEarlyHints(headers: HeaderList): void {
    if (readFields('103', headers).contentLength !== -1) {
      throw new ApplicationError('SERVER_FIELD', 'early hints have no body, and no Content-Length');
    }
    const head = serializeResponseHead('103 Early Hints', headers);
    if (this.headSent || this.#over !== undefined || this.context.head.minorVersion === 0) return;
    this.#writer.sendEarlyHints(headers, head);
  }

  /**
   * Sends a piece of the body, and the head before the first one.
   * @param size - its length in bytes.
   * @param wholeLength - the length of the whole body, where it is known already.
   * @param frozen - the body that the piece is all of, where that cannot change.
   * @throws ApplicationError when the body is longer than promised; nothing of that piece is sent.
   */
  send(chunk: BodyChunk, size: number, wholeLength = -1, frozen?: FrozenBody): void {
    if (this.#over !== undefined || size === 0) return;
    const framing = this.#framing ?? this.#frame(wholeLength);
    const { kind, length } = framing;
    const bytes = this.bodyBytes + size;
    if (kind === 'length' && bytes > length) throw wrongLength(bytes, length);
    const head = this.#framing === undefined ? this.#takeHead(framing, wholeLength) : '';
    if (kind === 'none') {
      this.#writer.headOnly(head);
      return;
    }
    this.bodyBytes = bytes;
    this.#writer.piece(head, kind, chunk, size, frozen);
  }

  /** Sends the head ahead of the body, once start_response was called. */
  sendHead(): void {
    if (this.#over !== undefined || this.#framing !== undefined || this.#begun === undefined) return;
    this.#writer.headOnly(this.#takeHead(this.#frame(-1), -1));
    this.#writer.output.flush();
  }

  /**
   * Ends the body.
   * @throws ApplicationError when it is shorter than promised: the connection must be cut.
   */
  end(): void {
    if (this.#over !== undefined) return;
    if (this.#framing === undefined) this.#writer.headOnly(this.#takeHead(this.#frame(0), 0));
    const { kind, length } = this.#framing as unknown as ResponseFraming;
    if (kind === 'length' && this.bodyBytes < length) throw wrongLength(this.bodyBytes, length);
    this.#over = 'ended';
    this.#writer.end(kind, this.#trailers);
  }

  #begin(status: string, headers: HeaderList): void {
    if (typeof status !== 'string' || status.startsWith('1')) {
      const mend = "start_response takes '200 OK'; environ has callables for early hints and upgrades";
      throw new ApplicationError('BAD_STATUS', `${status} is no final status: ${mend}`);
    }
    this.#begun = prepareHead(status, headers);
    this.status = status;
    this.headers = headers;
  }

  #frame(wholeLength: number): ResponseFraming {
    if (this.#begun === undefined) {
      throw new ApplicationError('NO_START_RESPONSE', 'the application has not called start_response');
    }
    const { method, minorVersion } = this.context.head;
    const { whole, facts, status } = this.#begun;
    const hasTrailers = this.#trailers !== undefined;
    const isSame =
      whole?.wholeLength === wholeLength &&
      whole.isHead === (method === 'HEAD') &&
      whole.minorVersion === minorVersion;
    if (isSame && !hasTrailers) return whole.framing;
    const { contentLength } = facts;
    return frameResponse({ method, minorVersion, status, contentLength, wholeLength, hasTrailers });
  }

  /** The head, as far as it is text. It counts as sent now. */
  #takeHead(framing: ResponseFraming, wholeLength: number): string {
    const begun = this.#begun as PreparedHead;
    this.persists = !begun.facts.close && framing.kind !== 'close' && this.context.mayPersist();
    const text = this.#writer.head(begun, framing, wholeLength, this);
    this.#framing = framing;
    return text;
  }

  #mustGoOn(callable: string): void {
    if (this.#over !== 'ended') return;
    throw new ApplicationError('RESPONSE_OVER', `${callable} was called after the end of the response`);
  }
}
