/**
 * Collects a known number of bytes that come in pieces of any size. What lies whole in one piece is given out as a
 * view into it, without a copy.
 */
export class Gather {
  #kept: Buffer[] = [];
  #keptBytes = 0;

  /** How many bytes are kept of what is not complete. */
  get size(): number {
    return this.#keptBytes;
  }

  /**
   * Takes up to `wanted` bytes in all from `bytes`, from `offset` on.
   * @returns the bytes, once all are there; `taken` says how many of `bytes` were used.
   */
  take(bytes: Buffer, offset: number, wanted: number): { whole: Buffer | undefined; taken: number } {
    const taken = Math.min(wanted - this.#keptBytes, bytes.length - offset);
    const part = bytes.subarray(offset, offset + taken);
    if (this.#keptBytes === 0 && taken === wanted) return { whole: part, taken };
    // A copy: the reader's memory may be used again before the rest comes.
    if (taken > 0) this.#kept.push(Buffer.from(part));
    this.#keptBytes += taken;
    if (this.#keptBytes < wanted) return { whole: undefined, taken };
    const whole = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    return { whole, taken };
  }
}

/** A view of bytes with Buffer's methods; copies nothing. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
