import type { Environ, InputStream } from '@highball/gateway-protocol';
import { BodyTooLargeError } from './errors.ts';

/** Whether a request says itself that its body is longer. */
export function announcesMore({ CONTENT_LENGTH }: Environ, maxBytes: number): boolean {
  return CONTENT_LENGTH !== undefined && Number(CONTENT_LENGTH) > maxBytes;
}

/** A body of a length that is not known yet: reading beyond the limit is rejected, and no more than it is buffered. */
export class LimitedInput implements InputStream {
  readonly #inner: InputStream;
  readonly #maxBytes: number;
  #left: number;

  constructor(inner: InputStream, maxBytes: number) {
    this.#inner = inner;
    this.#maxBytes = maxBytes;
    this.#left = maxBytes;
  }

  async read(size = -1): Promise<Uint8Array> {
    return this.#count(await this.#inner.read(this.#most(size)));
  }

  async readline(size = -1): Promise<Uint8Array> {
    return this.#count(await this.#inner.readline(this.#most(size)));
  }

  async readlines(hint = -1): Promise<Uint8Array[]> {
    const lines: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      const line = await this.readline();
      if (line.length === 0) return lines;
      lines.push(line);
      bytes += line.length;
      if (hint > 0 && bytes >= hint) return lines;
    }
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for await (const chunk of this.#inner) yield this.#count(chunk);
  }

  /** One byte more than there may be tells that there are too many. */
  #most(size: number): number {
    return size < 0 ? this.#left + 1 : Math.min(size, this.#left + 1);
  }

  #count(chunk: Uint8Array): Uint8Array {
    if (chunk.length > this.#left) {
      this.#left = 0;
      throw new BodyTooLargeError(this.#maxBytes);
    }
    this.#left -= chunk.length;
    return chunk;
  }
}
