import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from './range.ts';

/** Bytes that are read at a time: a compromise between system calls and memory for each slow client. */
const PIECE_BYTES = 131_072;

/** A part of an open file, read as fast as the client takes it. The descriptor is closed in the end. */
export class FileBody implements AsyncIterable<Uint8Array> {
  readonly #handle: FileHandle;
  readonly #range: ByteRange;
  #closed = false;

  constructor(handle: FileHandle, range: ByteRange) {
    this.#handle = handle;
    this.#range = range;
  }

  /** @throws Error when the file has become shorter: what is missing must not look like the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    let position = this.#range.start;
    while (position <= this.#range.end) {
      const wanted = Math.min(PIECE_BYTES, this.#range.end + 1 - position);
      const { bytesRead, buffer } = await this.#handle.read(
        Buffer.allocUnsafeSlow(wanted),
        0,
        wanted,
        position,
      );
      if (bytesRead === 0) throw new Error('a file has become shorter while it was sent');
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }
}

/** Several parts in one body, each behind its own fields (RFC 9110 §14.6). */
export class MultipartBody implements AsyncIterable<Uint8Array | string> {
  readonly #parts: readonly { readonly head: string; readonly range: ByteRange }[];
  readonly #end: string;
  readonly #handle: FileHandle;

  constructor(
    handle: FileHandle,
    ranges: readonly ByteRange[],
    size: number,
    contentType: string,
    boundary: string,
  ) {
    this.#handle = handle;
    this.#parts = ranges.map((range) => ({
      head: `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\nContent-Range: bytes ${range.start}-${range.end}/${size}\r\n\r\n`,
      range,
    }));
    this.#end = `\r\n--${boundary}--\r\n`;
  }

  /** Bytes of the whole body. */
  get length(): number {
    return this.#parts.reduce(
      (sum, { head, range }) => sum + head.length + range.end + 1 - range.start,
      this.#end.length,
    );
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array | string, void, undefined> {
    for (const { head, range } of this.#parts) {
      yield head;
      yield* new FileBody(this.#handle, range);
    }
    yield this.#end;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
