import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';

/** Somebody who has something to write at the end of the turn. */
export interface Held {
  flush(): void;
}

/** Memory is given out of pieces of this size, and so much of it, at most, in a turn. */
const PIECE_BYTES = 16_384;
const MAX_PIECES = 16;
/** Nothing waits for longer behind what else the loop does in its turn, as far as that comes here; asked at every so many writes. */
const MAX_HELD_MS = 1;
const ASK_EVERY = 4;

/**
 * Writes of one turn of the event loop that leave together at its end. On a loopback or a Unix socket each write may
 * wake the process at the other end, which costs the writer more than the copy; one that was woken by the first takes
 * the others on its way. And code that is not left for the kernel after each message stays in the caches.
 */
export class WriteTurn {
  #held: (Held | undefined)[] = [];
  #count = 0;
  /** The other list, for what is added while this one is written. */
  #spare: (Held | undefined)[] = [];
  #flushing = false;
  #since = 0;
  readonly #pieces: Uint8Array[] = [];
  #piece = 0;
  #used = 0;

  /** Holds until the end of the turn, or until what is held has waited for a millisecond. */
  add(writer: Held): void {
    this.#held[this.#count++] = writer;
    if (this.#count === 1) {
      setImmediate(this.#end);
      this.#since = performance.now();
    } else if (this.#count % ASK_EVERY === 0 && performance.now() - this.#since > MAX_HELD_MS) this.flush();
  }

  /** Writes all that is held; what is added meanwhile waits for the next time. */
  flush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    const held = this.#held;
    const count = this.#count;
    this.#held = this.#spare;
    this.#spare = held;
    this.#count = 0;
    // One that throws takes nobody else's message with it.
    let failure: { readonly error: unknown } | undefined;
    for (let i = 0; i < count; i++) {
      const writer = held[i];
      held[i] = undefined;
      try {
        writer?.flush();
      } catch (error) {
        failure ??= { error };
      }
    }
    this.#flushing = false;
    if (this.#count === 0) {
      this.#piece = 0;
      this.#used = 0;
    }
    if (failure !== undefined) throw failure.error;
  }

  /**
   * Memory for a message of this turn, to be written at once or before more is asked for: it is used again when all
   * that is held was written.
   * @param length - at most 16,384.
   */
  memory(length: number): Uint8Array {
    if (this.#used + length > PIECE_BYTES) {
      this.#piece++;
      this.#used = 0;
      if (this.#piece >= MAX_PIECES) this.flush();
      if (this.#piece >= MAX_PIECES) return Buffer.allocUnsafe(length);
    }
    const piece = (this.#pieces[this.#piece] ??= Buffer.allocUnsafeSlow(PIECE_BYTES));
    const start = this.#used;
    this.#used += length;
    return piece.subarray(start, this.#used);
  }

  /** Leaves memory to a message that was not over at once. */
  leave(data: Uint8Array): void {
    const index = this.#pieces.findIndex(({ buffer }) => buffer === data.buffer);
    if (index !== -1) this.#pieces[index] = Buffer.allocUnsafeSlow(PIECE_BYTES);
  }

  readonly #end = (): void => this.flush();
}

/** That of this thread's loop. */
export const turn: WriteTurn = new WriteTurn();
