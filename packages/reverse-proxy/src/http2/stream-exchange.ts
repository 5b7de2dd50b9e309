import { checkTrailerNames } from '@highball/http-parser';
import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { ExchangeHandler } from '../connection.ts';
import { drained } from '../drained.ts';
import { badResponse, clientGone, UpstreamError, why } from '../errors.ts';
import type { AnswerHead, Exchange } from '../exchange.ts';
import type { FieldSorter } from '../field-sorter.ts';
import type { OutgoingRequest } from '../outgoing-request.ts';
import { ResponseBodyStream, type ResponseSource } from '../response-body.ts';
import type { UpstreamTarget } from '../upstream.ts';
import { answerHead } from './answer-head.ts';
import { ERROR_CODES } from './error-codes.ts';
import { streamFailure } from './failure.ts';
import { requestHeaders, trailerHeaders } from './request-headers.ts';

/** The connection that a stream is of. */
export interface StreamPlace {
  readonly target: UpstreamTarget;
  readonly sorter: FieldSorter;
  readonly now: () => number;
  readonly lost: boolean;
  readonly lastId: number;
  readonly failure: Error | undefined;
  heardAt: number;
  request(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream;
  doubt(since: number): void;
  leave(): void;
}

const NO_TRAILERS: readonly string[] = [];
const NOTHING = new Uint8Array();

/** A stream of HTTP/2 (RFC 9113 §8.1): one request and its answer. */
export class StreamExchange implements Exchange, ResponseSource {
  readonly socket = undefined;
  readonly reused: boolean;
  reads = 0;
  requestSent = false;
  readonly #place: StreamPlace;
  #stream: ClientHttp2Stream | undefined;
  #handler: ExchangeHandler | undefined;
  #head: AnswerHead | undefined;
  #body: ResponseBodyStream | undefined;
  #trailers: readonly string[] = NO_TRAILERS;
  #written = 0;
  #begunAt = 0;
  #readAt = 0;
  /** END_STREAM has come: what was read so far is all. */
  #ended = false;
  /** All of the answer is here, and the handler has not heard of its head. */
  #whole = false;
  #told = false;
  #left = false;

  constructor(place: StreamPlace, reused: boolean) {
    this.#place = place;
    this.reused = reused;
  }

  get sorter(): FieldSorter {
    return this.#place.sorter;
  }

  get paused(): boolean {
    return this.#stream?.isPaused() === true;
  }

  get full(): boolean {
    return this.#stream?.writableNeedDrain === true;
  }

  get taken(): number {
    return this.#written - (this.#stream?.writableLength ?? 0);
  }

  get gone(): boolean {
    return this.#stream === undefined || this.#stream.closed || this.#stream.destroyed;
  }

  begin(request: OutgoingRequest, handler: ExchangeHandler): void {
    const headers = requestHeaders(request, this.#place.target);
    const hasBody = request.body !== undefined;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#place.request(headers, hasBody);
    } catch (error) {
      throw this.#marked(asBadRequest(error));
    }
    this.#stream = stream;
    this.#handler = handler;
    this.#begunAt = this.#place.now();
    this.#watchEnd(stream);
    stream
      .on('headers', this.#onInformational)
      .on('response', this.#onResponse)
      .on('trailers', this.#onTrailers)
      .on('end', this.#onEnd)
      .on('error', this.#onError)
      .on('close', this.#onClose);
  }

  writeBody(chunk: Uint8Array): boolean {
    this.#written += chunk.length;
    return this.#stream?.write(chunk) === true;
  }

  endBody(trailers: readonly (readonly [string, string])[]): void {
    const stream = this.#stream;
    this.requestSent = true;
    if (stream === undefined || stream.writableEnded) return;
    this.#guard(() => {
      if (trailers.length > 0) {
        const headers = trailerHeaders(trailers);
        stream.once('wantTrailers', () => this.#guard(() => sendTrailers(stream, headers)));
      }
      stream.end();
    });
  }

  drained(): Promise<void> {
    return this.#stream === undefined ? Promise.resolve() : drained(this.#stream);
  }

  abort(error: UpstreamError): void {
    this.#lose(error);
    this.#reset(ERROR_CODES.CANCEL);
    if (error.code === 'TIMEOUT' || error.code === 'SEND_TIMEOUT') this.#place.doubt(this.#begunAt);
  }

  discard(): void {
    this.#handler = undefined;
    this.#reset(ERROR_CODES.CANCEL);
    this.#leave();
  }

  /** A stream is never a tunnel: {@link requestHeaders} lets no such request pass. */
  release(): Uint8Array {
    return NOTHING;
  }

  // What the body asks for.

  pause(): void {
    if (!this.#ended) this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  abandon(): void {
    this.abort(clientGone());
  }

  // What node:http2 tells.

  readonly #onInformational = (_headers: unknown, _flags: number, flat: string[]): void => {
    this.#heard();
    this.#guard(() => this.#handler?.onInformational(answerHead(flat)));
  };

  readonly #onResponse = (_headers: unknown, _flags: number, flat: string[]): void => {
    if (this.#handler === undefined) return;
    this.#heard();
    this.#guard(() => {
      this.#head = answerHead(flat);
      this.#body = new ResponseBodyStream(this);
      this.#stream?.on('data', this.#onData);
      // What has come with the head is told in the ticks before: a short answer is whole by then, and one write.
      queueMicrotask(() => this.#guard(() => this.#tellHead()));
    });
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#heard();
    this.#body?.push(chunk);
  };

  readonly #onTrailers = (_headers: unknown, _flags: number, flat: string[]): void => {
    this.#heard();
    this.#guard(() => {
      checkTrailerNames(flat);
      this.#trailers = flat;
    });
  };

  readonly #onEnd = (): void => {
    if (!this.#ended || this.#body === undefined) return;
    this.#heard();
    if (this.#told) this.#guard(() => this.#tellEnd());
    else this.#whole = true;
  };

  readonly #onError = (error: Error): void => {
    this.#lose(this.#failure(error));
  };

  readonly #onClose = (): void => {
    if (!this.#whole) this.#lose(this.#failure(undefined));
    this.#leave();
  };

  /**
   * Sees END_STREAM. An end of the stream is told for RST_STREAM with NO_ERROR as well, inside an answer, too: only
   * then is the stream closed before its end is put in.
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const { push } = stream;
    stream.push = (chunk, encoding) => {
      const ends = chunk === null && !stream.closed;
      if (ends) this.#ended = true;
      const room = push.call(stream, chunk, encoding);
      // All of it is in memory: were it kept for a slow client here, it would be lost with the connection.
      if (ends && stream.isPaused()) stream.resume();
      return room;
    };
  }

  #heard(): void {
    this.reads++;
    this.#readAt = this.#place.heardAt = this.#place.now();
  }

  #tellHead(): void {
    const handler = this.#handler;
    const body = this.#body as ResponseBodyStream;
    if (handler === undefined) return;
    this.#told = true;
    if (this.#whole) this.#tellEnd();
    handler.onHead(this.#head as AnswerHead, body, this.#readAt);
  }

  #tellEnd(): void {
    this.#handler?.onEnd(this.#trailers, this.#readAt);
    this.#handler = undefined;
    this.#body?.end();
    // The answer does not depend on the rest of the request (RFC 9113 §8.1), be it unsent or untaken.
    if (this.#stream?.writableEnded === false) this.#reset(ERROR_CODES.NO_ERROR);
    else if (this.#stream?.writableFinished === false) this.#reset(ERROR_CODES.CANCEL);
  }

  /** What was told was not at fault, but perhaps who was told: an error would end the process. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.abort(badResponse(error));
    }
  }

  #reset(code: number): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    stream.close(code);
    stream.destroy();
  }

  #failure(error: Error | undefined): UpstreamError {
    const { lost, lastId, failure } = this.#place;
    const { id, rstCode = 0 } = this.#stream as ClientHttp2Stream;
    return streamFailure({ id, code: rstCode, connectionLost: lost, lastId, error: failure ?? error });
  }

  /** Of a stream that was reset alone it does not count that its connection had served others. */
  #marked(error: UpstreamError): UpstreamError {
    error.reused = this.reused && (error.code === 'REFUSED' || this.#place.lost);
    error.answered = this.reads > 0;
    return error;
  }

  #lose(error: UpstreamError): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#handler = undefined;
    this.#marked(error);
    this.#body?.fail(error);
    handler.onLost(error);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#place.leave();
  }
}

/** @throws UpstreamError BAD_REQUEST for what node:http2 lets no trailer be. */
function sendTrailers(stream: ClientHttp2Stream, headers: OutgoingHttpHeaders): void {
  try {
    stream.sendTrailers(headers);
  } catch (error) {
    throw asBadRequest(error);
  }
}

function asBadRequest(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('BAD_REQUEST', `the request cannot be sent: ${why(error)}`, {
    cause: error,
  });
}
