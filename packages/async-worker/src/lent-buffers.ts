import { Buffer } from 'node:buffer';

/** What a slow client costs. More than a socket's mark, so that it is told when such a piece was taken. */
const SMALL_BYTES = 131_072;
/** A piece for a client that takes it at once: 16 MiB cost a third less CPU time than in small ones. See bench. */
const LARGE_BYTES = 524_288;
/** Large ones that may be lent at a time; then others get small ones. */
const MAX_LARGE = 32;
/** Of each size so many are kept while nobody needs them. */
const MAX_IDLE = 4;

/** Memory that is lent to bodies for pieces, and used again: what was just sent is still in the processor's cache. */
export class LentBuffers {
  readonly #small: Buffer[] = [];
  readonly #large: Buffer[] = [];
  #largeOnes = 0;

  /** Lends a buffer; a large one where that is asked for and not too many are lent. */
  lend(large: boolean): Buffer {
    if (!large || this.#largeOnes >= MAX_LARGE)
      return this.#small.pop() ?? Buffer.allocUnsafeSlow(SMALL_BYTES);
    this.#largeOnes++;
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
  }

  /**
   * Takes a buffer back.
   * @param reusable - whether nobody can read from it or write into it any more.
   */
  takeBack(buffer: Buffer, reusable: boolean): void {
    const isLarge = buffer.byteLength === LARGE_BYTES;
    if (isLarge) this.#largeOnes--;
    const idle = isLarge ? this.#large : this.#small;
    if (reusable && idle.length < MAX_IDLE) idle.push(buffer);
  }
}
