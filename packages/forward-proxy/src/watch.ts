import type { Clock } from './clock.ts';
import { Refusal } from './errors.ts';

/** What a {@link Watch} looks after; `Infinity` switches a limit off. */
export interface WatchLimits {
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
  /** Bytes of both ways together. */
  readonly maxBytes: number;
}

/** Looks after one exchange or tunnel: how long it is silent, how long it takes, how much it carries. */
export class Watch {
  readonly #clock: Clock;
  readonly #limits: WatchLimits;
  readonly #startedAt: number;
  readonly #onBreach: (reason: Refusal) => void;
  #idleTimeoutMs: number;
  #touchedAt: number;
  #cancel: (() => void) | undefined;
  #over = false;
  #suspended = false;
  /** Bytes from the client, and to it. */
  sentBytes = 0;
  receivedBytes = 0;

  /** @param onBreach - called at most once; nothing is watched any more then. */
  constructor(clock: Clock, limits: WatchLimits, onBreach: (reason: Refusal) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onBreach = onBreach;
    this.#idleTimeoutMs = limits.idleTimeoutMs;
    this.#startedAt = this.#touchedAt = clock.now();
    this.#schedule();
  }

  /** Counts bytes from the client. @returns whether that is still within the limit. */
  sent(bytes: number): boolean {
    this.sentBytes += bytes;
    return this.#count();
  }

  /** Counts bytes to the client. @returns whether that is still within the limit. */
  received(bytes: number): boolean {
    this.receivedBytes += bytes;
    return this.#count();
  }

  /** Something has happened. */
  touch(): void {
    this.#suspended = false;
    this.#touchedAt = this.#clock.now();
  }

  /** Silence is not counted until something happens. */
  suspend(): void {
    this.#suspended = true;
  }

  /** From now on less silence is borne. */
  hurry(idleTimeoutMs: number): void {
    this.#idleTimeoutMs = Math.min(this.#idleTimeoutMs, idleTimeoutMs);
    if (!this.#over) this.#schedule();
  }

  stop(): void {
    this.#over = true;
    this.#cancel?.();
  }

  #count(): boolean {
    this.touch();
    if (this.#over) return false;
    if (this.sentBytes + this.receivedBytes <= this.#limits.maxBytes) return true;
    this.#breach(new Refusal('BYTES_EXCEEDED', `more than ${this.#limits.maxBytes} bytes`));
    return false;
  }

  /** One timer for all: it looks when the first of the times may be up, not at each byte. */
  #schedule(): void {
    this.#cancel?.();
    const dueAt = Math.min(
      this.#touchedAt + this.#idleTimeoutMs,
      this.#startedAt + this.#limits.totalTimeoutMs,
    );
    this.#cancel = Number.isFinite(dueAt)
      ? this.#clock.after(Math.max(1, dueAt - this.#clock.now()), () => this.#look())
      : undefined;
  }

  #look(): void {
    const now = this.#clock.now();
    if (this.#suspended) this.#touchedAt = now;
    if (now - this.#startedAt >= this.#limits.totalTimeoutMs) {
      this.#breach(new Refusal('TOTAL_TIMEOUT', `not done within ${this.#limits.totalTimeoutMs} ms`));
    } else if (now - this.#touchedAt >= this.#idleTimeoutMs) {
      this.#breach(new Refusal('IDLE_TIMEOUT', `silent for ${this.#idleTimeoutMs} ms`));
    } else this.#schedule();
  }

  #breach(reason: Refusal): void {
    if (this.#over) return;
    this.stop();
    this.#onBreach(reason);
  }
}
