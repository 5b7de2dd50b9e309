import type { InputStream } from '@highball/gateway-protocol';
import { concat } from './body-chunks.ts';
import { GatewayApplicationError } from './errors.ts';

const LF = 0x0a;
const NOTHING = new Uint8Array();

/** The body of a `Request` as a gateway application reads it (PEP 3333, "Input and Error Streams"). */
export class WebInput implements InputStream {
  readonly #stream: ReadableStream<Uint8Array> | null;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Of the last piece, what was not asked for yet. */
  #rest: Uint8Array = NOTHING;
  #reading = false;

  constructor(stream: ReadableStream<Uint8Array> | null) {
    this.#stream = stream;
  }

  read(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(() => this.#collect(most, false));
  }

  readline(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(() => this.#collect(most, true));
  }

  readlines(hint?: number): Promise<Uint8Array[]> {
    // As file objects have it, 0 is no hint either.
    const most = limitOf(hint) || Number.POSITIVE_INFINITY;
    return this.#exclusively(async () => {
      const lines: Uint8Array[] = [];
      for (let length = 0; length < most;) {
        const line = await this.#collect(Number.POSITIVE_INFINITY, true);
        if (line.length === 0) break;
        lines.push(line);
        length += line.length;
      }
      return lines;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const piece = await this.#exclusively(() => this.#next(Number.POSITIVE_INFINITY, false));
      if (piece.length === 0) return;
      yield piece;
    }
  }

  /** Nobody reads the rest. */
  async cancel(): Promise<void> {
    if (this.#reader !== undefined) await this.#reader.cancel();
    else if (this.#stream?.locked === false) await this.#stream.cancel();
  }

  /** So many bytes, or up to the end of the line, or of the body. */
  async #collect(most: number, lineWise: boolean): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const part = await this.#next(most - length, lineWise);
      if (part.length === 0) break;
      parts.push(part);
      length += part.length;
      if (lineWise && part[part.length - 1] === LF) break;
    }
    return concat(parts);
  }

  /** The next bytes, of one piece; none at the end. */
  async #next(most: number, lineWise: boolean): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      this.#reader ??= this.#stream?.getReader();
      if (this.#reader === undefined) return NOTHING;
      const { done, value } = await this.#reader.read();
      if (done) return NOTHING;
      this.#rest = value;
    }
    const lineEnd = lineWise ? this.#rest.indexOf(LF) + 1 : 0;
    const size = lineEnd === 0 ? most : Math.min(most, lineEnd);
    const bytes = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(bytes.length);
    return bytes;
  }

  /** Two readers at a time would each get pieces of what the other one reads. */
  async #exclusively<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reading) {
      throw new GatewayApplicationError(
        'CONCURRENT_READ',
        'wsgi.input is being read already: await one read before the next',
      );
    }
    this.#reading = true;
    try {
      return await read();
    } finally {
      this.#reading = false;
    }
  }
}

/** How much a read may return. */
function limitOf(size: number | undefined): number {
  if (size === undefined || size < 0) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(size) || size === Number.POSITIVE_INFINITY) return size;
  throw new GatewayApplicationError('BAD_READ_SIZE', `wsgi.input reads a whole number of bytes, not ${size}`);
}
