import type { ExchangeHandler } from './connection.ts';
import { clientGone, UpstreamError } from './errors.ts';
import type { AnswerHead, Exchange } from './exchange.ts';
import type { PeerLoad, ResolvedOptions } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { Opening, Pool } from './pool.ts';
import type { ResponseBodyStream } from './response-body.ts';
import { speaksHttp, type UpstreamTarget } from './upstream.ts';

/** The request that an attempt is for. */
export interface AttemptOwner {
  readonly request: OutgoingRequest;
  onInformational(attempt: Attempt, head: AnswerHead): void;
  onHead(attempt: Attempt, head: AnswerHead, body: ResponseBodyStream): void;
  onEnd(attempt: Attempt, trailers: readonly string[]): void;
  onLost(attempt: Attempt, error: UpstreamError): void;
  /** The body of the request has been sent, to its end. */
  onBodySent(): void;
}

/** What was chosen. */
export interface AttemptPlace {
  readonly peer: { readonly id: string };
  readonly target: UpstreamTarget;
}

/** What an attempt needs of the proxy. */
export interface AttemptContext {
  readonly options: ResolvedOptions;
  readonly pool: Pool;
}

/**
 * A request that could not be sent twice is not sent over a connection that the upstream may be about to close: only
 * over one that was used just now.
 */
const SURELY_ALIVE_MS = 1000;

/** One try of a request at one peer: a connection, the request over it, and the deadlines of both. */
export class Attempt implements ExchangeHandler, Opening {
  readonly peer: { readonly id: string };
  readonly target: UpstreamTarget;
  readonly startedAt: number;
  /** When the connection was there, the head of the answer, and its end; 0 before. */
  connectedAt = 0;
  headAt = 0;
  endAt = 0;
  /** What the peer has told of its load in its answer. */
  load: PeerLoad | undefined;
  reused = false;
  connection: Exchange | undefined;
  readonly #owner: AttemptOwner;
  readonly #context: AttemptContext;
  #cancelOpening: (() => void) | undefined;
  #over = false;
  /** When something last happened, as the sweeps have seen it; and what they have seen. */
  #since: number;
  #seenReads = 0;
  #seenTaken = -1;
  #seenSent = false;
  /** Called when the body may be sent: 100 Continue has come. */
  #onContinue: (() => void) | undefined;

  constructor(owner: AttemptOwner, context: AttemptContext, { peer, target }: AttemptPlace, now: number) {
    this.#owner = owner;
    this.#context = context;
    this.peer = peer;
    this.target = target;
    this.startedAt = now;
    this.#since = now;
  }

  /**
   * @param fresh - not over a connection that was used before.
   * @param repeatable - whether the request may be sent again.
   * @param preface - what a new connection begins with.
   */
  start(fresh: boolean, repeatable: boolean, preface: Uint8Array | undefined): void {
    const { pool } = this.#context;
    const maxIdleMs = repeatable ? Infinity : SURELY_ALIVE_MS;
    const idle =
      fresh || preface !== undefined ? undefined : pool.take(this.target, maxIdleMs, this.startedAt);
    if (idle === undefined)
      this.#cancelOpening = pool.open(this.target, this.peer.id, { fresh, maxIdleMs, preface }, this);
    else {
      this.reused = true;
      this.connectedAt = this.startedAt;
      this.#send(idle);
    }
  }

  /** Gives up; the owner hears of it when `error` is told. */
  abort(error: UpstreamError): void {
    if (this.#over) return;
    if (this.connection !== undefined) this.connection.abort(error);
    else {
      this.#cancelOpening?.();
      this.onLost(error);
    }
  }

  /** Acts on the deadline that has passed, if one has. */
  sweep(now: number): void {
    if (this.#over) return;
    const { connection } = this;
    const { options } = this.#context;
    if (connection === undefined) {
      if (isPast(now - this.startedAt, options.connectTimeoutMs)) {
        this.abort(
          new UpstreamError(
            'CONNECT_TIMEOUT',
            `${this.peer.id} did not accept within ${options.connectTimeoutMs} ms`,
          ),
        );
      }
    } else if (!connection.requestSent) this.#sweepSending(connection, now);
    else this.#sweepReading(connection, now);
  }

  // What the pool tells.

  onOpen(connection: Exchange): void {
    this.connectedAt = this.#context.options.now();
    this.#since = this.connectedAt;
    this.reused = connection.reused;
    if (this.#over) connection.discard();
    else this.#send(connection);
  }

  onFailed(error: UpstreamError): void {
    this.onLost(error);
  }

  // What the connection tells.

  onInformational(head: AnswerHead): void {
    if (head.status === 100) this.#mayContinue();
    else this.#owner.onInformational(this, head);
  }

  onHead(head: AnswerHead, body: ResponseBodyStream, now: number): void {
    this.headAt = now;
    this.#owner.onHead(this, head, body);
  }

  onEnd(trailers: readonly string[], now: number): void {
    if (this.#over) return;
    this.#over = true;
    this.endAt = now;
    this.#mayContinue();
    this.#owner.onEnd(this, trailers);
  }

  onLost(error: UpstreamError): void {
    if (this.#over) return;
    this.#over = true;
    this.#mayContinue();
    this.#owner.onLost(this, error);
  }

  /** The connection has become a tunnel: it has no deadlines of a request any more. */
  finish(): void {
    this.#over = true;
  }

  #send(connection: Exchange): void {
    this.connection = connection;
    const { request } = this.#owner;
    try {
      connection.begin(request, this);
    } catch (error) {
      connection.discard();
      this.onLost(error as UpstreamError);
      return;
    }
    if (request.body === undefined) {
      connection.endBody([]);
      this.#owner.onBodySent();
    } else void this.#sendBody(connection, request);
  }

  async #sendBody(connection: Exchange, { body, expectsContinue }: OutgoingRequest): Promise<void> {
    if (body === undefined) return;
    if (expectsContinue && speaksHttp(this.target)) await this.#continued();
    // The answer has come instead.
    if (this.#over) return;
    try {
      for await (const chunk of body.read()) {
        if (this.#over || connection.gone) return;
        if (!connection.writeBody(chunk)) await connection.drained();
      }
    } catch {
      // The client broke off: what was sent so far must not look like all of it.
      this.abort(clientGone());
      return;
    }
    if (this.#over || connection.gone) return;
    connection.endBody(body.trailers());
    this.#owner.onBodySent();
  }

  /** Waits for 100 Continue, though not for ever: servers of HTTP/1.0 do not send it (RFC 9110 §10.1.1). */
  async #continued(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#context.options.expectTimeoutMs);
      this.#onContinue = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #mayContinue(): void {
    this.#onContinue?.();
    this.#onContinue = undefined;
  }

  #sweepSending(connection: Exchange, now: number): void {
    const { sendTimeoutMs } = this.#context.options;
    const { taken } = connection;
    // While there is room it is the client who is slow, and not the upstream.
    if (taken !== this.#seenTaken || !connection.full) {
      this.#seenTaken = taken;
      this.#since = now;
    } else if (isPast(now - this.#since, sendTimeoutMs)) {
      this.abort(new UpstreamError('SEND_TIMEOUT', `the upstream took nothing for ${sendTimeoutMs} ms`));
    }
  }

  #sweepReading(connection: Exchange, now: number): void {
    const { readTimeoutMs, firstByteTimeoutMs } = this.#context.options;
    if (!this.#seenSent) {
      this.#seenSent = true;
      // Without a body it was sent at the start.
      if (this.#owner.request.body !== undefined) this.#since = now;
    }
    // A client that does not take what is there is not the upstream's fault.
    if (connection.reads !== this.#seenReads || connection.paused) {
      this.#seenReads = connection.reads;
      this.#since = now;
      return;
    }
    const limitMs = this.headAt === 0 ? firstByteTimeoutMs : readTimeoutMs;
    if (isPast(now - this.#since, limitMs)) {
      this.abort(new UpstreamError('TIMEOUT', `the upstream was silent for ${limitMs} ms`));
    }
  }
}

function isPast(elapsedMs: number, limitMs: number): boolean {
  return limitMs > 0 && elapsedMs >= limitMs;
}
