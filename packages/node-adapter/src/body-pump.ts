import type { Environ } from '@highball/gateway-protocol';
import type { IncomingMessage } from 'node:http';
import { abortedError } from './errors.ts';
import { giveFields } from './internals.ts';

/** Carries the body from `wsgi.input` to a request, as fast as the request is read. */
export class BodyPump {
  readonly #request: IncomingMessage;
  readonly #environ: Environ;
  readonly #onActivity: () => void;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #busy = false;
  #over = false;

  /** @param onActivity - called with each piece that has come. */
  constructor(request: IncomingMessage, environ: Environ, onActivity: () => void) {
    this.#request = request;
    this.#environ = environ;
    this.#onActivity = onActivity;
  }

  /** Whether somebody has read from the body. */
  get started(): boolean {
    return this.#chunks !== undefined;
  }

  /** Reads on until the request has enough; called again when it wants more. */
  pull(): void {
    if (this.#busy) return;
    if (this.#over) {
      if (!this.started) this.#end();
      return;
    }
    this.#busy = true;
    this.#chunks ??= this.#environ['wsgi.input'][Symbol.asyncIterator]();
    this.#chunks.next().then(this.#onNext, this.#onFailed);
  }

  /** Nothing more is read; who has read nothing yet sees an empty body. */
  release(): void {
    this.#over = true;
  }

  readonly #onNext = ({ done, value }: IteratorResult<Uint8Array, unknown>): void => {
    this.#busy = false;
    if (this.#request.destroyed) return;
    if (done) {
      this.#over = true;
      this.#end();
      return;
    }
    this.#onActivity();
    if (this.#request.push(value)) this.pull();
  };

  readonly #onFailed = (cause: unknown): void => {
    this.#busy = false;
    this.#over = true;
    this.#request.destroy(abortedError(cause));
  };

  #end(): void {
    const request = this.#request;
    if (request.complete) return;
    request.complete = true;
    const trailers = this.#environ['highball.trailers']?.() ?? [];
    if (trailers.length > 0) giveFields(request, trailers.flat(), true);
    request.push(null);
  }
}
