import type { Descriptor } from './descriptors.ts';
import { FileChangedError } from './errors.ts';
import type { ByteRange } from './range.ts';

/**
 * Bytes that are read at a time. One such piece is with the connection and the next is read meanwhile, so that a slow
 * client costs two of them. Pieces of 64 KiB cost a fifth more CPU time, those of 256 KiB an eighth less, and twice the
 * memory: see bench/piece-size.ts.
 */
export const PIECE_BYTES = 131_072;

interface Read extends ByteRange {
  /** Whether nothing of the file is read behind it. */
  readonly last: boolean;
}

/**
 * Parts of an open file, with text between them, read as fast as the client takes them. The last piece is only given
 * away when the file is still what it was at the beginning: what was sent of a file that somebody wrote into must not
 * look whole.
 */
export class FileBody implements AsyncIterable<Uint8Array | string> {
  readonly #descriptor: Descriptor;
  readonly #parts: readonly (ByteRange | string)[];
  #reading: Promise<unknown> | undefined;
  #closed = false;

  /** @param descriptor - acquired for this body, which releases it when it is closed. */
  constructor(descriptor: Descriptor, parts: readonly (ByteRange | string)[]) {
    this.#descriptor = descriptor;
    this.#parts = parts;
  }

  /** @throws FileChangedError when the file was written into, or has become shorter. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | string, void, undefined> {
    const pieces = this.#pieces();
    let ahead = this.#begin(pieces);
    while (ahead !== undefined && !this.#closed) {
      const piece = await ahead;
      ahead = this.#begin(pieces);
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

  #begin(pieces: Iterator<Read | string>): Promise<Uint8Array | string> | undefined {
    const { done, value } = pieces.next();
    if (done || this.#closed) return undefined;
    const piece = typeof value === 'string' ? Promise.resolve(value) : this.#read(value);
    // It may fail while nobody waits for it; whoever comes for it is told.
    this.#reading = piece.catch(() => undefined);
    return piece;
  }

  *#pieces(): Generator<Read | string, void, undefined> {
    const lastPart = this.#parts.findLastIndex((part) => typeof part !== 'string');
    for (const [index, part] of this.#parts.entries()) {
      if (typeof part === 'string') {
        yield part;
        continue;
      }
      for (let start = part.start; start <= part.end; start += PIECE_BYTES) {
        const end = Math.min(part.end, start + PIECE_BYTES - 1);
        yield { start, end, last: index === lastPart && end === part.end };
      }
    }
  }

  async #read({ start, end, last }: Read): Promise<Uint8Array> {
    // Not from a pool: whoever takes the piece may keep it for as long as he likes.
    const piece = Buffer.allocUnsafeSlow(end + 1 - start);
    await readFully(this.#descriptor, piece, start);
    if (last && !(await this.#descriptor.isUnchanged())) {
      throw new FileChangedError('FILE_CHANGED', 'a file was written into while it was sent');
    }
    return piece;
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
