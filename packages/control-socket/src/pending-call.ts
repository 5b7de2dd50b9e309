import { ControlError } from './errors.ts';

/** One value of an answer; the last of them ends the call. */
export interface Item {
  readonly value: unknown;
  readonly last: boolean;
}

/** So many items of a stream wait for their reader; then no more are read from the socket. */
const MAX_WAITING = 64;

/** What has come for one call and was not taken yet. */
export class PendingCall {
  readonly id: number;
  readonly #onFull: (full: boolean) => void;
  readonly #items: Item[] = [];
  #error: ControlError | undefined;
  #over = false;
  #wake: (() => void) | undefined;

  /** @param onFull - told when no more items should come, and when they may again. */
  constructor(id: number, onFull: (full: boolean) => void) {
    this.id = id;
    this.#onFull = onFull;
  }

  /** Whether the other end has said the last word. */
  get over(): boolean {
    return this.#over;
  }

  push(value: unknown, last: boolean): void {
    this.#items.push({ value, last });
    this.#over ||= last;
    if (this.#items.length >= MAX_WAITING) this.#onFull(true);
    this.#wake?.();
  }

  fail(error: ControlError): void {
    this.#error ??= error;
    this.#over = true;
    this.#wake?.();
  }

  /** The next item. @throws {ControlError} that the call has ended with, or `timeout`. */
  async next(timeoutMs: number): Promise<Item> {
    if (this.#items.length === 0 && !this.#error) await this.#wait(timeoutMs);
    const item = this.#items.shift();
    if (this.#items.length === MAX_WAITING - 1) this.#onFull(false);
    if (item) return item;
    throw this.#error ?? new ControlError('timeout', `there is no answer within ${timeoutMs} ms`);
  }

  async #wait(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = Number.isFinite(timeoutMs) ? setTimeout(resolve, timeoutMs) : undefined;
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
