import { messageOf } from '../errors.ts';

/** Called once the last request has been answered. @param graceful - false when there is no time left. */
export type StopCallback = (graceful: boolean) => void | Promise<void>;

/** What the applications of one process want done at its end. */
export class Lifecycle {
  readonly #callbacks: StopCallback[] = [];
  readonly #drainCallbacks: (() => void)[] = [];
  #stopped: Promise<void> | undefined;

  onStop(callback: StopCallback): void {
    this.#callbacks.push(callback);
  }

  /** What is to end already when the last requests are still to be answered, such as timers. */
  onDrain(callback: () => void): void {
    this.#drainCallbacks.push(callback);
  }

  /** No new requests come; once is enough. */
  drain(): void {
    for (const callback of this.#drainCallbacks.splice(0)) callback();
  }

  /** Ends what was begun, the last first; one that fails does not keep the others from it. */
  stop(graceful: boolean, onError: (error: unknown) => void): Promise<void> {
    this.#stopped ??= this.#stop(graceful, onError);
    return this.#stopped;
  }

  async #stop(graceful: boolean, onError: (error: unknown) => void): Promise<void> {
    for (const callback of this.#callbacks.toReversed()) {
      try {
        await callback(graceful);
      } catch (error) {
        onError(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
  }
}
