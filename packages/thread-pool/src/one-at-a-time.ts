import {
  type Application,
  closeBody,
  type Environ,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { type Clock, systemClock } from './clock.ts';
import { checkCount, checkDelay, DEFAULT_QUEUE } from './limits.ts';
import { refuse } from './refusal.ts';
import { WaitingLine } from './waiting-line.ts';

/** Options of {@link oneAtATime}. */
export interface OneAtATimeOptions {
  /** So many requests may wait for their turn; further ones get 503. @default 1000 (gunicorn's worker_connections) */
  readonly maxQueue?: number;
  /** So long a request may wait for its turn; then it gets 503. @default 30_000 (gunicorn's timeout) */
  readonly queueTimeoutMs?: number;
  /** What a 503 says in Retry-After, in seconds. @default 1 */
  readonly retryAfterSeconds?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}

/**
 * Lets one request at a time into an application: gunicorn's worker class `sync`. The next one enters when the body
 * of the one before has been closed; with an array for a body, and no `close`, as soon as it is returned. While
 * nothing waits, a synchronous application is answered synchronously.
 *
 * A client that leaves the line loses its place (where the server offers `highball.signal`).
 * @throws UsageError `BAD_OPTION`
 */
export function oneAtATime(app: Application, options: OneAtATimeOptions = {}): Application {
  const gate = new Gate(app, options);
  return (environ, startResponse) => gate.call(environ, startResponse);
}

class Gate {
  readonly #app: Application;
  readonly #line: WaitingLine;
  readonly #retryAfterSeconds: number;
  #busy = false;

  constructor(app: Application, options: OneAtATimeOptions) {
    this.#app = app;
    this.#retryAfterSeconds = checkCount(
      'retryAfterSeconds',
      options.retryAfterSeconds ?? DEFAULT_QUEUE.retryAfterSeconds,
      0,
    );
    this.#line = new WaitingLine({
      maxQueue: checkCount('maxQueue', options.maxQueue ?? DEFAULT_QUEUE.maxQueue, 0),
      queueTimeoutMs: checkDelay('queueTimeoutMs', options.queueTimeoutMs ?? DEFAULT_QUEUE.queueTimeoutMs),
      clock: options.clock ?? systemClock,
    });
  }

  call(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    if (!this.#busy) return this.#enter(environ, startResponse);
    if (this.#line.full) return refuse(startResponse, 503, this.#retryAfterSeconds);
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        try {
          resolve(this.#enter(environ, startResponse));
        } catch (error) {
          reject(error);
        }
      };
      const dismiss = (): void => resolve(refuse(startResponse, 503, this.#retryAfterSeconds));
      this.#line.join({ admit, dismiss }, environ['highball.signal']?.());
    });
  }

  #enter(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    this.#busy = true;
    try {
      const body = this.#app(environ, startResponse);
      if (!isPromise(body)) return this.#leaveWith(body);
      return body.then(
        (ready) => this.#leaveWith(ready),
        (error: unknown) => {
          this.#leave();
          throw error;
        },
      );
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** The turn ends with the body; at once when nothing of the application runs any more. */
  #leaveWith(body: ResponseBody): ResponseBody {
    if (mayGoOn(body)) return new HeldBody(body, () => this.#leave()) as unknown as ResponseBody;
    this.#leave();
    return body;
  }

  #leave(): void {
    this.#busy = false;
    this.#line.admitNext();
  }
}

/** Whether code of the application may still run for this body. What is no body at all is left to the server. */
function mayGoOn(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  if (Array.isArray(body) || body instanceof Uint8Array) return 'close' in body;
  return Symbol.iterator in body || Symbol.asyncIterator in body;
}

/** A body whose `close` ends its request's turn. It is as synchronous as the body it holds. */
class HeldBody {
  readonly #body: ResponseBody;
  readonly #onClosed: () => void;
  #closed = false;

  constructor(body: ResponseBody, onClosed: () => void) {
    this.#body = body;
    this.#onClosed = onClosed;
    const key = Symbol.asyncIterator in body ? Symbol.asyncIterator : Symbol.iterator;
    Object.defineProperty(this, key, {
      value: () => (body as unknown as Record<symbol, () => unknown>)[key]?.(),
    });
  }

  close(): void | Promise<void> {
    if (this.#closed) return undefined;
    this.#closed = true;
    let closing: void | Promise<void> = undefined;
    try {
      closing = closeBody(this.#body);
    } finally {
      if (!isPromise(closing)) this.#onClosed();
    }
    return isPromise(closing) ? closing.finally(this.#onClosed) : undefined;
  }
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function';
}
