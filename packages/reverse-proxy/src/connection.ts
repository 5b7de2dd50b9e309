import { DirectWriter } from '@highball/direct-writes';
import type { ResponseHandler, ResponseHead } from '@highball/http-parser';
import type { Socket } from 'node:net';
import { drained } from './drained.ts';
import { badResponse, clientGone, UpstreamError, why } from './errors.ts';
import type { AnswerHead, Exchange } from './exchange.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { ResponseBodyStream } from './response-body.ts';
import { FieldSorter } from './field-sorter.ts';
import { valueOf } from './response-fields.ts';
import { keepable, readShared, unshareReads } from './shared-reads.ts';
import type { Wire, WireFactory } from './wire.ts';

/** Who has sent a request, and hears what becomes of it; called when all that has come in one read was parsed. */
export interface ExchangeHandler {
  onInformational(head: AnswerHead): void;
  /** @param now - when it was read. Where `body` is complete, {@link onEnd} was called before. */
  onHead(head: AnswerHead, body: ResponseBodyStream, now: number): void;
  /** The answer is complete. @param trailers - flat; the body has not told its end yet. */
  onEnd(trailers: readonly string[], now: number): void;
  /** There will be no answer, or no more of it. */
  onLost(error: UpstreamError): void;
}

/** What becomes of a connection between requests. */
export interface ConnectionKeeper {
  /** Asked once a read: what comes of it goes by one time. */
  readonly now: () => number;
  /** Whether requests wait for the end of the loop's turn. */
  readonly batches: boolean;
  /** @param keepForMs - how long the upstream says that it keeps the connection; Infinity when it does not. */
  onFree(connection: UpstreamConnection, keepForMs: number, now: number): void;
  onGone(connection: UpstreamConnection): void;
}

const NO_TRAILERS: readonly string[] = [];

/** A connection to an upstream: one request at a time. */
export class UpstreamConnection implements ResponseHandler, Exchange {
  readonly socket: Socket;
  readonly sorter: FieldSorter = new FieldSorter();
  readonly #direct: DirectWriter;
  readonly #wire: Wire;
  readonly #keeper: ConnectionKeeper;
  /** Whether what was read lies in memory that is used again. */
  readonly #sharesMemory: boolean;
  #handler: ExchangeHandler | undefined;
  #head: ResponseHead | undefined;
  #body: ResponseBodyStream | undefined;
  /** What the parser has told in this read, and the handler has not heard. */
  #headNews = false;
  #trailers: readonly string[] | undefined;
  #requestSent = true;
  /** Whether what the request begins with is all of it. */
  #isWhole = false;
  #answered = false;
  #requests = 0;
  #released = false;
  #spoiled = false;
  #readAt = 0;
  /** Reads so far: whether it grows says whether the upstream is silent. */
  reads = 0;
  /** When it became free, by the pool's clock. */
  freeSince = 0;
  /** Until when it may be used again. */
  keepUntil = 0;

  constructor(socket: Socket, wire: WireFactory, keeper: ConnectionKeeper) {
    this.socket = socket;
    this.#direct = new DirectWriter(socket, () => undefined, keeper.batches);
    this.#keeper = keeper;
    this.#wire = wire(this);
    this.#sharesMemory = readShared(socket, this.#onData);
    if (!this.#sharesMemory) socket.on('data', this.#onData);
    socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
  }

  /** Whether it had served a request before the present one. */
  get reused(): boolean {
    return this.#requests > 1;
  }

  /** Whether all of the present request has been written. */
  get requestSent(): boolean {
    return this.#requestSent;
  }

  /** Whether the answer waits for its client. */
  get paused(): boolean {
    return this.socket.isPaused();
  }

  get full(): boolean {
    return this.socket.writableNeedDrain;
  }

  get taken(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  get gone(): boolean {
    return this.socket.destroyed;
  }

  begin(request: OutgoingRequest, handler: ExchangeHandler): void {
    const head = this.#begin(request);
    this.#requests++;
    this.#handler = handler;
    this.#requestSent = false;
    this.#answered = false;
    this.#head = undefined;
    this.#body = undefined;
    this.#isWhole = request.body === undefined && typeof head === 'string';
    if (!this.#direct.write(head)) {
      if (typeof head === 'string') this.socket.write(head, 'latin1');
      else this.socket.write(head);
    }
    if (!this.#isWhole) this.#direct.flush();
  }

  /** @returns whether there is room for more. */
  writeBody(chunk: Uint8Array): boolean {
    return this.#wire.writeBody(this.socket, chunk);
  }

  endBody(trailers: readonly (readonly [string, string])[]): void {
    this.#requestSent = true;
    if (!this.#isWhole && !this.socket.destroyed) this.#wire.endBody(this.socket, trailers);
  }

  drained(): Promise<void> {
    return drained(this.socket);
  }

  discard(): void {
    this.socket.destroy();
  }

  release(): Uint8Array {
    this.#released = true;
    this.#handler = undefined;
    const { socket } = this;
    if (this.#sharesMemory) unshareReads(socket);
    socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onError)
      .off('close', this.#onClose);
    this.#keeper.onGone(this);
    return this.#wire.release();
  }

  /** Ends the request that is under way, and the connection with it. */
  abort(error: UpstreamError): void {
    this.#lose(error);
    this.socket.destroy();
  }

  // What the parser tells.

  onInformational(head: ResponseHead): void {
    this.#handler?.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    this.#headNews = true;
    this.#body = new ResponseBodyStream(this);
  }

  onBody(chunk: Uint8Array): void {
    this.#body?.push(this.#sharesMemory ? keepable(chunk) : chunk);
  }

  onEnd(trailers: readonly string[]): void {
    this.#trailers = trailers;
  }

  // What the body asks for.

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  abandon(): void {
    this.abort(clientGone());
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#handler === undefined) {
      // Nobody asked for that: never to be taken for the answer to the next request.
      this.socket.destroy();
      return;
    }
    this.#answered = true;
    this.#readAt = this.#keeper.now();
    this.reads++;
    try {
      this.#wire.push(bytes);
    } catch (error) {
      // What nobody asked for stands behind an answer that is whole: that one counts, and it is the last.
      if (this.#trailers === undefined) {
        this.abort(badResponse(error));
        return;
      }
      this.#spoiled = true;
    }
    try {
      this.#tell();
    } catch (error) {
      // What was told was not at fault, but who was told: an error here would end the process.
      this.abort(badResponse(error));
    }
  };

  readonly #onEnd = (): void => {
    if (this.#handler !== undefined && wasReset(this.socket)) {
      this.#lose(new UpstreamError('RESET', 'the upstream reset the connection inside its answer'));
    }
    if (this.#handler !== undefined) {
      this.#readAt = this.#keeper.now();
      try {
        // Completes a body that ends with the connection.
        this.#wire.finish();
        this.#tell();
      } catch (error) {
        this.#lose(
          new UpstreamError('RESET', `the upstream closed the connection inside its answer: ${why(error)}`),
        );
      }
    }
    this.#lose(new UpstreamError('RESET', 'the upstream closed the connection without an answer'));
    this.socket.destroy();
  };

  readonly #onError = (error: Error): void => {
    this.#lose(new UpstreamError('RESET', `the connection broke: ${error.message}`, { cause: error }));
  };

  readonly #onClose = (): void => {
    this.#lose(new UpstreamError('RESET', 'the connection was closed'));
    this.#keeper.onGone(this);
  };

  #begin(request: OutgoingRequest): string | Uint8Array {
    try {
      return this.#wire.begin(request);
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      throw new UpstreamError('BAD_REQUEST', `the request cannot be sent: ${why(error)}`, { cause: error });
    }
  }

  #tell(): void {
    const hasHead = this.#headNews;
    this.#headNews = false;
    // All of a short answer comes in one read: then its body is whole before anybody looks at it.
    if (this.#trailers === undefined || (hasHead && this.#head?.status === 101)) {
      this.#trailers = undefined;
      if (hasHead) this.#tellHead();
    } else this.#end(hasHead);
  }

  #tellHead(): void {
    const handler = this.#handler;
    handler?.onHead(this.#head as ResponseHead, this.#body as ResponseBodyStream, this.#readAt);
    if (handler === undefined) this.socket.destroy();
  }

  #end(hasHead: boolean): void {
    const trailers = this.#trailers ?? NO_TRAILERS;
    this.#trailers = undefined;
    this.#handler?.onEnd(trailers, this.#readAt);
    this.#body?.end();
    if (hasHead) this.#tellHead();
    // A tunnel has taken it.
    if (this.#released) return;
    this.#handler = undefined;
    this.#free();
  }

  #free(): void {
    const { socket } = this;
    // An upstream that answers before it has the whole request would take the rest of it for another one.
    const usable =
      !this.#spoiled &&
      this.#requestSent &&
      this.#head?.keepAlive === true &&
      this.#wire.idle &&
      socket.writable &&
      !socket.destroyed;
    if (!usable) {
      socket.destroy();
      return;
    }
    if (socket.isPaused()) socket.resume();
    this.#keeper.onFree(this, keepForMs(this.#head?.fields ?? NO_TRAILERS), this.#readAt);
  }

  #lose(error: UpstreamError): void {
    const handler = this.#handler;
    if (handler === undefined || this.#released) return;
    this.#handler = undefined;
    error.reused = this.reused;
    error.answered = this.#answered;
    this.#body?.fail(error);
    handler.onLost(error);
  }
}

/**
 * Whether the end that was reported is none. Where bytes and a reset come in one read, Node 22 reports an end (libuv
 * takes a hang-up after a short read for one), and half of a body that ends with the connection would pass for all
 * of it. A connection that was reset has no peer any more; one that was ended has, and a Unix socket has no address.
 */
function wasReset(socket: Socket): boolean {
  return socket.localAddress !== undefined && socket.remoteAddress === undefined;
}

/** `Keep-Alive: timeout=5`: how long the upstream waits for another request (RFC 2068 §19.7.1.1). */
function keepForMs(fields: readonly string[]): number {
  const field = valueOf(fields, 'keep-alive');
  if (field === undefined) return Infinity;
  const seconds = /(?:^|[,;\s])timeout=(\d{1,9})/i.exec(field)?.[1];
  return seconds === undefined ? Infinity : Number(seconds) * 1000;
}
