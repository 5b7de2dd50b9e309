import type { InputStream } from '@highball/gateway-protocol';
import { ApplicationError, type RequestError } from './errors.ts';

/** What an input stream asks of its connection. */
export interface InputSource {
  /** The application waits for bytes: the client may wait for 100 Continue. */
  onWanted(): void;
  /** There is room again, after {@link RequestInput.full}. */
  onRoom(): void;
}

/** More than this is not kept for an application that reads slowly: two reads of a socket, 64 KiB each. */
const HIGH_WATER_BYTES = 131_072;
/** What a piece costs beside its bytes: chunks of a byte each must not take a hundred times their size. */
const PIECE_BYTES = 128;
const LF = 0x0a;
const NOTHING = new Uint8Array();

/** The body of a request as the application reads it (PEP 3333, "Input and Error Streams"). */
export class RequestInput implements InputStream {
  readonly #source: InputSource;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #full = false;
  #ended = false;
  #discarding = false;
  #reading = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  /** Bytes that have come from the client. */
  received = 0;

  constructor(source: InputSource) {
    this.#source = source;
  }

  /** Whether nothing more should be pushed for now. */
  get full(): boolean {
    return this.#full;
  }

  /** Whether the whole body has come. */
  get complete(): boolean {
    return this.#ended;
  }

  /** Whether the application has read all of it. */
  get consumed(): boolean {
    return this.#ended && this.#chunks.length === 0;
  }

  /** Takes a piece from the connection; it is kept as it is. */
  push(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (this.#discarding) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length + PIECE_BYTES;
    this.#full = this.#buffered > HIGH_WATER_BYTES;
    this.#wake?.();
  }

  /** The body has come to its end. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The rest of the body will not come: this and every further read fails. */
  fail(error: RequestError): void {
    if (this.#error !== undefined || this.#ended) return;
    this.#error = error;
    this.#wake?.();
  }

  /** Throws away what was not read and what still comes: the response is complete. */
  discard(): void {
    this.#discarding = true;
    this.#error ??= new ApplicationError(
      'RESPONSE_OVER',
      'wsgi.input was read after the end of the response',
    );
    this.#chunks.length = 0;
    this.#took(this.#buffered);
    this.#wake?.();
  }

  async read(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(async () => {
      const parts: Uint8Array[] = [];
      let length = 0;
      while (length < most) {
        const part = await this.#next(most - length);
        if (part === undefined) break;
        parts.push(part);
        length += part.length;
      }
      return join(parts, length);
    });
  }

  async readline(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(() => this.#readline(most));
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
    // As file objects have it, 0 is no hint either.
    const most = limitOf(hint) || Number.POSITIVE_INFINITY;
    return this.#exclusively(async () => {
      const lines: Uint8Array[] = [];
      let length = 0;
      while (length < most) {
        const line = await this.#readline(Number.POSITIVE_INFINITY);
        if (line.length === 0) break;
        lines.push(line);
        length += line.length;
      }
      return lines;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.#exclusively(() => this.#next(Number.POSITIVE_INFINITY));
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  async #readline(most: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const line = await this.#next(most - length, true);
      if (line === undefined) break;
      parts.push(line);
      length += line.length;
      if (line[line.length - 1] === LF) break;
    }
    return join(parts, length);
  }

  /** Two readers at a time would each get pieces of what the other one reads. */
  async #exclusively<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reading) {
      throw new ApplicationError(
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

  /** The next piece, of at most so many bytes, up to the end of a line if that is wanted; undefined at the end. */
  async #next(most: number, lineWise = false): Promise<Uint8Array | undefined> {
    let chunk = this.#chunks[0];
    while (chunk === undefined) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      this.#source.onWanted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
      chunk = this.#chunks[0];
    }
    const lineEnd = lineWise ? chunk.indexOf(LF) + 1 : 0;
    return this.#take(chunk, lineEnd === 0 ? most : Math.min(most, lineEnd));
  }

  #take(chunk: Uint8Array, most: number): Uint8Array {
    if (chunk.length <= most) {
      this.#chunks.shift();
      this.#took(chunk.length + PIECE_BYTES);
      return chunk;
    }
    this.#chunks[0] = chunk.subarray(most);
    this.#took(most);
    return chunk.subarray(0, most);
  }

  #took(bytes: number): void {
    this.#buffered -= bytes;
    if (!this.#full || this.#buffered > HIGH_WATER_BYTES / 2) return;
    this.#full = false;
    this.#source.onRoom();
  }
}

/** The body of a request that has none. */
export const emptyInput: InputStream = {
  read: () => Promise.resolve(NOTHING),
  readline: () => Promise.resolve(NOTHING),
  readlines: () => Promise.resolve([]),
  // oxlint-disable-next-line no-empty-function
  async *[Symbol.asyncIterator]() {},
};

/** How much a read may return. */
function limitOf(size: number | undefined): number {
  if (size === undefined || size < 0) return Number.POSITIVE_INFINITY;
  if (Number.isInteger(size) || size === Number.POSITIVE_INFINITY) return size;
  throw new ApplicationError('BAD_READ_SIZE', `wsgi.input reads a whole number of bytes, not ${size}`);
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts, length);
}
