import type {
  BodyChunk,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
  Write,
} from '@highball/gateway-protocol';
import { AdapterUsageError, ClientGoneError, HandlerError } from './errors.ts';

/** What the delivery tells the response that it carries. */
export interface DeliveryListener {
  /** The client has caught up, after a write that returned false. */
  onDrain(): void;
  /** All of the answer was handed to the server. */
  onFinished(): void;
  /** Nothing can be sent any more. */
  onLost(error: Error): void;
}

type WriteCallback = (error?: Error | null) => void;

/** Under this nothing waits: node:http's highWaterMark of a socket, since 22. */
export const HIGH_WATER_BYTES = 65_536;
/** A handler that never minds what `write` returns fills the memory: this much of it. */
const MAX_BUFFERED_BYTES = 134_217_728;

/** @throws AdapterUsageError */
export function resolveMaxBuffered(bytes: number = MAX_BUFFERED_BYTES): number {
  if (bytes >= HIGH_WATER_BYTES) return bytes;
  throw new AdapterUsageError('BAD_OPTION', `maxBufferedBytes is ${HIGH_WATER_BYTES} or more, not ${bytes}`);
}

/**
 * Carries one answer from `write` and `end` to a gateway server.
 *
 * An answer that is there when the handler returns is returned, without a promise; one that ends later is the
 * promise's value; what is written before the end goes by the `write` of start_response (PEP 3333, "The write()
 * Callable"), all of a turn in one piece.
 */
export class Delivery {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #maxBufferedBytes: number;
  #listener!: DeliveryListener;
  #write: Write | undefined;
  #pending: BodyChunk[] = [];
  #pendingBytes = 0;
  #callbacks: WriteCallback[] | undefined;
  #scheduled = false;
  /** The client has to catch up before more is written. */
  #waiting = false;
  #state: 'open' | 'ended' | 'lost' | 'over' = 'open';
  #error: Error | undefined;
  #resolve: ((body: ResponseBody) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  constructor(environ: Environ, startResponse: StartResponse, maxBufferedBytes: number) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#maxBufferedBytes = maxBufferedBytes;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Whether the handler has ended its answer. */
  get ended(): boolean {
    return this.#state === 'ended' || this.#state === 'over';
  }

  listen(listener: DeliveryListener): void {
    this.#listener = listener;
  }

  /** Begins the answer. @throws what the server has against the head. */
  start(status: string, headers: HeaderList): void {
    this.#write = this.#startResponse(status, headers);
  }

  /** Sends the head ahead of the body, where the server can do that. */
  sendHead(): void {
    if (this.#pending.length > 0) this.#flush();
    else (this.#environ['highball.send_head'] as (() => void) | undefined)?.();
  }

  /** @param headers - sent as 103 (RFC 8297), where the server can do that. */
  sendEarlyHints(headers: HeaderList): void {
    this.#environ['wsgi.early_hints']?.(headers);
  }

  sendTrailers(trailers: HeaderList): void {
    this.#environ['highball.send_trailers']?.(trailers);
  }

  /** @returns whether more may be written at once; if not, the listener is told when. */
  write(chunk: BodyChunk, size: number, callback: WriteCallback | undefined): boolean {
    if (this.#state !== 'open') return true;
    this.#pending.push(chunk);
    this.#pendingBytes += size;
    if (callback !== undefined) (this.#callbacks ??= []).push(callback);
    if (this.#waiting) this.#checkBuffered();
    else if (this.#pendingBytes >= HIGH_WATER_BYTES) this.#flush();
    else this.#schedule();
    return !this.#waiting;
  }

  /** Ends the answer, with a last piece if there is one. */
  end(chunk: BodyChunk | undefined): void {
    if (this.#state !== 'open') return;
    if (chunk !== undefined && chunk.length > 0) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
    }
    this.#state = 'ended';
    this.#resolve?.(this.#lastBody());
  }

  /** The answer will not be completed: what was sent must not look whole. */
  cut(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#error = error;
    this.#pending.length = 0;
    this.#runCallbacks(error);
    this.#reject?.(error);
    this.#listener.onLost(error);
  }

  /** What the application returns, once the handler has. @throws the error of an answer that was cut. */
  result(): ResponseBody | Promise<ResponseBody> {
    if (this.#state === 'ended') return this.#lastBody();
    if (this.#error !== undefined) throw this.#error;
    watchLater(this);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Looks out for the client's departure. */
  watch(): void {
    if (this.#state !== 'open') return;
    const signal = this.#environ['highball.signal']?.();
    if (signal === undefined) return;
    // The signal's own reason is what the application rejects with: by that a server knows it again.
    const onAbort = (): void => this.cut(reasonOf(signal));
    this.#signal = signal;
    this.#onAbort = onAbort;
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(flushLater, this);
  }

  /** Called in the next tick: what a handler writes in one go leaves as one. */
  flushScheduled(): void {
    this.#scheduled = false;
    if (!this.#waiting && this.#state === 'open') this.#flush();
  }

  #flush(): void {
    const chunk = this.#takePending();
    if (chunk === undefined) return this.#runCallbacks();
    try {
      const waits = this.#write?.(chunk);
      if (waits === undefined) {
        this.#runCallbacks();
        return;
      }
      this.#waiting = true;
      waits.then(
        () => this.#onDrained(),
        (error: unknown) => this.#onWriteFailed(error),
      );
    } catch (error) {
      this.#onWriteFailed(error);
    }
  }

  #onWriteFailed(error: unknown): void {
    this.cut(error instanceof Error ? error : new HandlerError('RESPONSE_DESTROYED', String(error)));
  }

  #onDrained(): void {
    this.#waiting = false;
    this.#runCallbacks();
    if (this.#state !== 'open') return;
    if (this.#pendingBytes > 0) this.#flush();
    if (!this.#waiting) this.#listener.onDrain();
  }

  #takePending(): BodyChunk | undefined {
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return pending.length <= 1 ? pending[0] : join(pending);
  }

  /** The rest of the answer; `close` tells when the server has taken it, or has done without. */
  #lastBody(): ResponseBody {
    const body: BodyChunk[] & { close?(): void } = this.#pending;
    body.close = () => this.#onClosed();
    return body;
  }

  #onClosed(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    // A small answer was taken whole; a large one may have been left by its client in the middle.
    if (this.#pendingBytes > HIGH_WATER_BYTES) this.#signal ??= this.#environ['highball.signal']?.();
    this.#pendingBytes = 0;
    if (this.#signal?.aborted) {
      const gone = reasonOf(this.#signal);
      this.#runCallbacks(gone);
      this.#listener.onLost(gone);
    } else {
      this.#runCallbacks();
      this.#listener.onFinished();
    }
  }

  #checkBuffered(): void {
    if (this.#pendingBytes <= this.#maxBufferedBytes) return;
    const message = `write was called on without waiting for 'drain': more than ${this.#maxBufferedBytes} bytes wait`;
    this.cut(new HandlerError('BUFFER_FULL', message));
  }

  #runCallbacks(error?: Error): void {
    const callbacks = this.#callbacks;
    if (callbacks === undefined) return;
    this.#callbacks = undefined;
    for (const callback of callbacks) process.nextTick(callback, error);
  }
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new ClientGoneError({ cause: reason });
}

const unwatched: Delivery[] = [];

/**
 * Looks out for clients at the end of the turn, for all that still wait then: most answers have ended, and an
 * AbortSignal costs more than many of them.
 */
function watchLater(delivery: Delivery): void {
  if (unwatched.push(delivery) === 1) setImmediate(watchAll);
}

function watchAll(): void {
  for (const delivery of unwatched.splice(0)) delivery.watch();
}

function flushLater(delivery: Delivery): void {
  delivery.flushScheduled();
}

function join(chunks: readonly BodyChunk[]): BodyChunk {
  if (chunks.every((chunk) => typeof chunk === 'string')) return chunks.join('');
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)));
}
