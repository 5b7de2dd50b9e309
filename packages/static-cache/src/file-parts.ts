import { Buffer } from 'node:buffer';
import type { ByteRange } from './range.ts';

/** What is to be sent next: bytes of the file, or text between them. */
export type Step = FileStep | Uint8Array;

/** A piece of the file. */
export interface FileStep extends ByteRange {
  /** Whether nothing of the file is sent behind it. */
  readonly last: boolean;
}

/** Parts of a file, with text between them, taken piece by piece. */
export class FileParts {
  readonly #parts: readonly (ByteRange | Uint8Array)[];
  readonly #lastRange: number;
  #index = 0;
  /** How much of the part at the index was taken. */
  #taken = 0;

  constructor(parts: readonly (ByteRange | string)[]) {
    this.#parts = parts
      .map((part) => (typeof part === 'string' ? Buffer.from(part) : part))
      .filter((part) => lengthOf(part) > 0);
    this.#lastRange = this.#parts.findLastIndex((part) => !(part instanceof Uint8Array));
  }

  /** How much of the part that is next has not been taken yet; 0 at the end. */
  get remaining(): number {
    const part = this.#parts[this.#index];
    return part === undefined ? 0 : lengthOf(part) - this.#taken;
  }

  /** Takes up to as many bytes, of one part; undefined at the end. */
  take(maxBytes: number): Step | undefined {
    const part = this.#parts[this.#index];
    if (part === undefined) return undefined;
    const from = this.#taken;
    const to = Math.min(from + maxBytes, lengthOf(part));
    const ends = to === lengthOf(part);
    const isLast = ends && this.#index === this.#lastRange;
    this.#taken = ends ? 0 : to;
    if (ends) this.#index++;
    if (part instanceof Uint8Array) return part.subarray(from, to);
    return { start: part.start + from, end: part.start + to - 1, last: isLast };
  }
}

function lengthOf(part: ByteRange | Uint8Array): number {
  return part instanceof Uint8Array ? part.byteLength : part.end + 1 - part.start;
}
