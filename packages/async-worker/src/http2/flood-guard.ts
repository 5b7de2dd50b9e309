import type { Clock } from '../clock.ts';

/** So many bytes may come for each that is of use, and so many for nothing (nginx's measure of a flood). */
const BYTES_PER_USEFUL = 8;
const ALLOWANCE_BYTES = 1_048_576;
/** Requests that a client may take back a second, in the long run (node:http2's streamResetRate). */
const RESETS_PER_SECOND = 33;

/**
 * Tells clients that keep a server busy from those that ask for something: by frames that bring nothing (empty ones,
 * pings, settings, window updates; CVE-2019-9511 to 9518), or by requests that are taken back at once (CVE-2023-44487).
 */
export class FloodGuard {
  readonly #clock: Clock;
  readonly #burst: number;
  #useful = 0;
  #resets: number;
  #filledAt: number;

  /** @param burst - how many requests may be taken back at a time. */
  constructor(clock: Clock, burst: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#resets = burst;
    this.#filledAt = clock.now();
  }

  /** Bytes that had a purpose, in one direction or the other. */
  useful(bytes: number): void {
    this.#useful += bytes;
  }

  /**
   * @param received - all bytes of the connection so far.
   * @param underWay - those that had a purpose and are still to be counted.
   */
  isFlood(received: number, underWay = 0): boolean {
    return received / BYTES_PER_USEFUL > this.#useful + underWay + ALLOWANCE_BYTES;
  }

  /** Counts a request that was taken back; says whether that was one too many. */
  isResetTooMany(): boolean {
    const now = this.#clock.now();
    const earned = ((now - this.#filledAt) * RESETS_PER_SECOND) / 1000;
    this.#filledAt = now;
    this.#resets = Math.min(this.#burst, this.#resets + earned) - 1;
    return this.#resets < 0;
  }
}
