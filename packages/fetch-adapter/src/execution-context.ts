import type { ErrorStream } from '@highball/gateway-protocol';
import type { FetchContext } from './handler.ts';

/** Work that goes on behind the responses of one application, for whoever has to wait for it. */
export class BackgroundWork {
  readonly #pending = new Set<Promise<void>>();

  /** Takes account of a promise until it is settled; a rejection goes to the log and no further. */
  add(promise: Promise<unknown>, errors: ErrorStream): void {
    const work = Promise.resolve(promise)
      .then(undefined, (error: unknown) => errors.write(`waitUntil: ${describe(error)}\n`))
      .then(() => void this.#pending.delete(work));
    this.#pending.add(work);
  }

  /** How much is under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** Resolves when nothing is under way any more, nor what was added meanwhile. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}

/** The third argument of a handler. */
export class ExecutionContext implements FetchContext {
  readonly #work: BackgroundWork;
  readonly #errors: ErrorStream;

  constructor(work: BackgroundWork, errors: ErrorStream) {
    this.#work = work;
    this.#errors = errors;
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#work.add(promise, this.#errors);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
