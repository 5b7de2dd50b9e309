import { Buffer } from 'node:buffer';
import type { Descriptor } from './descriptors.ts';
import { FileChangedError } from './errors.ts';
import { FileParts, type Step } from './file-parts.ts';
import type { ByteRange } from './range.ts';

/**
 * Bytes that are read at a time where they must be given away. One such piece is with the connection and the next is
 * read meanwhile, so that a slow client costs two of them. Pieces of 64 KiB cost a fifth more CPU time, those of
 * 256 KiB an eighth less, and twice the memory: see bench/piece-size.ts.
 */
export const PIECE_BYTES = 131_072;

/**
 * Parts of an open file, with text between them, read as fast as the client takes them: into memory that the server
 * lends, or piece by piece. The last piece is only given away when the file is still what it was at the beginning: what
 * was sent of a file that somebody wrote into must not look whole.
 */
export class FileBody implements AsyncIterable<Uint8Array> {
  readonly #descriptor: Descriptor;
  readonly #parts: FileParts;
  #reading: Promise<unknown> | undefined;
  #closed = false;

  /** @param descriptor - acquired for this body, which releases it when it is closed. */
  constructor(descriptor: Descriptor, parts: readonly (ByteRange | string)[]) {
    this.#descriptor = descriptor;
    this.#parts = new FileParts(parts);
  }

  /**
   * Reads what comes next into memory of the caller; says how many bytes, 0 at the end. To be called again when that
   * is known.
   * @throws FileChangedError when the file was written into, or has become shorter.
   */
  readInto(buffer: Uint8Array): Promise<number> {
    const step = this.#closed ? undefined : this.#parts.take(buffer.byteLength);
    const read = step === undefined ? Promise.resolve(0) : this.#fill(buffer, step);
    // It may fail while nobody waits for it; whoever comes for it is told.
    this.#reading = read.catch(() => undefined);
    return read;
  }

  /** @throws FileChangedError as {@link readInto}. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let ahead = this.#begin();
    while (ahead !== undefined && !this.#closed) {
      const piece = await ahead;
      ahead = this.#begin();
      yield piece;
    }
  }

  /** Gives the descriptor back, as soon as no read is under way. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reading;
    this.#descriptor.release();
  }

  /** Begins to read a piece; undefined at the end. */
  #begin(): Promise<Uint8Array> | undefined {
    const bytes = this.#closed ? 0 : Math.min(PIECE_BYTES, this.#parts.remaining);
    if (bytes === 0) return undefined;
    // Not from a pool: whoever takes the piece may keep it for as long as he likes.
    const piece = Buffer.allocUnsafeSlow(bytes);
    const reading = this.readInto(piece).then(() => piece);
    reading.catch(() => undefined);
    return reading;
  }

  async #fill(buffer: Uint8Array, step: Step): Promise<number> {
    if (step instanceof Uint8Array) {
      buffer.set(step);
      return step.byteLength;
    }
    const { start, end, last } = step;
    const bytes = end + 1 - start;
    await readFully(this.#descriptor, buffer.subarray(0, bytes), start);
    if (last && !(await this.#descriptor.isUnchanged())) {
      throw new FileChangedError('FILE_CHANGED', 'a file was written into while it was sent');
    }
    return bytes;
  }
}

/** Fills a buffer. @throws FileChangedError when the file ends before. */
export async function readFully(descriptor: Descriptor, buffer: Uint8Array, position: number): Promise<void> {
  for (let filled = 0; filled < buffer.byteLength;) {
    const bytesRead = await descriptor.read(buffer.subarray(filled), position + filled);
    if (bytesRead === 0) {
      throw new FileChangedError('FILE_SHORTENED', 'a file has become shorter while it was sent');
    }
    filled += bytesRead;
  }
}
