import { type BodySource, KeptBody } from './body-source.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { UpstreamError } from './errors.ts';
import type { ResolvedMirror, ResolvedOptions } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import type { Pool } from './pool.ts';
import type { ResponseBodyStream } from './response-body.ts';
import { BufferedBody } from './request-buffer.ts';
import type { Swept, Sweeper } from './sweeper.ts';

/** A body that remembers what was read of it, as long as that is short. */
class TeeBody implements BodySource {
  readonly replayable = false;
  readonly #body: BodySource;
  readonly #maxBytes: number;
  #pieces: Uint8Array[] | undefined = [];
  #bytes = 0;

  constructor(body: BodySource, maxBytes: number) {
    this.#body = body;
    this.#maxBytes = maxBytes;
  }

  get started(): boolean {
    return this.#body.started;
  }

  /** All of it; undefined when it was too long. */
  get kept(): Uint8Array[] | undefined {
    return this.#pieces;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#body.read()) {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#maxBytes) this.#pieces = undefined;
      this.#pieces?.push(chunk);
      yield chunk;
    }
  }

  trailers(): ReturnType<BodySource['trailers']> {
    return this.#body.trailers();
  }
}

/** Sends copies of requests to another upstream: nobody waits for them, and nothing depends on them. */
export class Mirror {
  readonly #mirror: ResolvedMirror;
  readonly #options: ResolvedOptions;
  readonly #pool: Pool;
  readonly #sweeper: Sweeper;
  #running = 0;

  constructor(mirror: ResolvedMirror, options: ResolvedOptions, pool: Pool, sweeper: Sweeper) {
    this.#mirror = mirror;
    this.#options = options;
    this.#pool = pool;
    this.#sweeper = sweeper;
  }

  /** Has a body kept while it is read, so that it can be sent twice. */
  tee(body: BodySource): BodySource {
    return new TeeBody(body, this.#mirror.maxBodyBytes);
  }

  /** Sends a copy of a request that has been sent, if there is room for one. */
  send(request: OutgoingRequest): void {
    if (request.upgrade !== undefined || request.method === 'CONNECT') return;
    const body = this.#copy(request.body);
    if (body === 'left out' || this.#running >= this.#mirror.maxConcurrent) return;
    this.#running++;
    const copy = new Copy({ ...request, body, expectsContinue: false }, this.#sweeper, () => this.#running--);
    const options = { ...this.#options, firstByteTimeoutMs: this.#mirror.timeoutMs };
    const place = { peer: { id: 'mirror' }, target: this.#mirror.target };
    const attempt = new Attempt(copy, { options, pool: this.#pool }, place, this.#options.now());
    copy.start(attempt, this.#mirror.timeoutMs);
  }

  #copy(body: BodySource | undefined): BodySource | undefined | 'left out' {
    if (body === undefined) return undefined;
    const kept = body instanceof TeeBody ? body.kept : body instanceof BufferedBody ? body.pieces : undefined;
    // A body that lies in a file is too long for a copy, and its file ends with its request.
    if (kept === undefined || sizeOf(kept) > this.#mirror.maxBodyBytes) return 'left out';
    return new KeptBody(kept, body.trailers());
  }
}

/** A copy on its way; its answer is thrown away. */
class Copy implements AttemptOwner, Swept {
  sweepIndex = -1;
  readonly request: OutgoingRequest;
  readonly #sweeper: Sweeper;
  readonly #onDone: () => void;
  #attempt: Attempt | undefined;
  #timeoutMs = 0;
  #over = false;

  constructor(request: OutgoingRequest, sweeper: Sweeper, onDone: () => void) {
    this.request = request;
    this.#sweeper = sweeper;
    this.#onDone = onDone;
  }

  start(attempt: Attempt, timeoutMs: number): void {
    this.#attempt = attempt;
    this.#timeoutMs = timeoutMs;
    this.#sweeper.add(this);
    attempt.start(false, false, undefined);
  }

  sweep(now: number): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    if (now - attempt.startedAt >= this.#timeoutMs)
      attempt.abort(new UpstreamError('TOTAL_TIMEOUT', 'a copy'));
    else attempt.sweep(now);
  }

  onInformational(): void {
    // Nobody is told.
  }

  onHead(_: Attempt, __: unknown, body: ResponseBodyStream): void {
    void discard(body);
  }

  onEnd(): void {
    this.#done();
  }

  onLost(): void {
    this.#done();
  }

  onBodySent(): void {
    // A copy has no copies.
  }

  #done(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sweeper.delete(this);
    this.#onDone();
  }
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((size, piece) => size + piece.length, 0);
}

async function discard(body: ResponseBodyStream): Promise<void> {
  try {
    while (!(await body.next()).done);
  } catch {
    // It broke off, which is nobody's business.
  }
}
