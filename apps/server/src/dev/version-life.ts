import { Lifecycle } from '../application/lifecycle.ts';
import type { Clock } from './clock.ts';

/** A request of a replaced version may go on for so long (gunicorn's graceful_timeout); then it ends without. */
const GRACE_MS = 30_000;

/**
 * How long a version lives: it is retired when it has been replaced, and ends what it has begun (an ASGI lifespan, a
 * framework's plugins) when its last request has been answered.
 */
export class VersionLife {
  /** What the version wants done at its end. */
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  #active = 0;
  #retired = false;

  /** @param onError - told of what goes wrong at the end. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  /** A request has come. */
  enter(): void {
    this.#active++;
  }

  /** A request is over. */
  leave(): void {
    this.#active--;
    if (this.#retired && this.#active === 0) void this.end(true);
  }

  /** The version has been replaced. */
  retire(): void {
    this.#retired = true;
    if (this.#active === 0) void this.end(true);
    else this.#clock.after(GRACE_MS, () => void this.end(false));
  }

  /** Ends what was begun; resolves when that is done. */
  end(graceful: boolean): Promise<void> {
    return this.lifecycle.stop(graceful, this.#onError);
  }
}
