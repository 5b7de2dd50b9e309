import type { InputStream } from '@highball/gateway-protocol';

/** What an input stream asks of its connection. */
export interface InputSource {
  /** Called before the application waits for the first bytes: the client may wait for 100 Continue. */
  wanted(): void;
  /** Called when the buffer is full (true), and when there is room again (false). */
  hold(full: boolean): void;
}

/** More than this is not kept for an application that reads slowly. */
const HIGH_WATER_BYTES = 65_536;
/** Smaller pieces are copied: a view would keep all of the memory that the socket read into. */
const COPY_BELOW_BYTES = 8192;
const LF = 0x0a;

/** The body of a request as the application reads it (PEP 3333, "Input and Error Streams"). */
export class RequestInput implements InputStream {
  readonly #source: InputSource;
  readonly #chunks: Uint8Array[] = [];
  #buffered = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  #holding = false;
  #discarding = false;
  /** Bytes that have come from the client. */
  received = 0;

  constructor(source: InputSource) {
    this.#source = source;
  }

  /** Whether the whole body has come. */
  get complete(): boolean {
    return this.#ended;
  }

  /** Whether the client is waited for: the body goes on, and there is room for it. */
  get waiting(): boolean {
    return !this.#ended && this.#error === undefined && !this.#holding;
  }

  /** Takes a piece from the connection. */
  push(chunk: Uint8Array): void {
    this.received += chunk.length;
    if (this.#discarding) return;
    this.#chunks.push(chunk.length < COPY_BELOW_BYTES ? Uint8Array.prototype.slice.call(chunk) : chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > HIGH_WATER_BYTES && !this.#holding) {
      this.#holding = true;
      this.#source.hold(true);
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Makes this and every further read fail: the rest of the body will not come. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#chunks.length = 0;
    this.#buffered = 0;
    this.#wake?.();
  }

  /** Throws away what was not read and what still comes. */
  discard(): void {
    this.#discarding = true;
    this.#chunks.length = 0;
    this.#took(this.#buffered);
    this.fail(new Error('the body was read after the end of the response'));
  }

  async read(size = -1): Promise<Uint8Array> {
    const wanted = size < 0 ? Number.POSITIVE_INFINITY : size;
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < wanted) {
      const chunk = await this.#next(wanted - length);
      if (chunk === undefined) break;
      parts.push(chunk);
      length += chunk.length;
    }
    return join(parts, length);
  }

  async readline(size = -1): Promise<Uint8Array> {
    const most = size < 0 ? Number.POSITIVE_INFINITY : size;
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const chunk = await this.#next(most - length, true);
      if (chunk === undefined) break;
      parts.push(chunk);
      length += chunk.length;
      if (chunk[chunk.length - 1] === LF) break;
    }
    return join(parts, length);
  }

  async readlines(hint = -1): Promise<Uint8Array[]> {
    const lines: Uint8Array[] = [];
    let length = 0;
    while (hint <= 0 || length < hint) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
      length += line.length;
    }
    return lines;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.#next(Number.POSITIVE_INFINITY);
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** The next piece, of at most so many bytes, up to the end of a line if that is asked for. */
  async #next(most: number, lineWise = false): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0) {
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
      if (this.#wake) throw new Error('wsgi.input is being read already; await one read before the next');
      this.#source.wanted();
      await new Promise<void>((resolve) => (this.#wake = resolve)).finally(() => (this.#wake = undefined));
    }
    const chunk = this.#chunks[0] as Uint8Array;
    const line = lineWise ? chunk.indexOf(LF) + 1 || chunk.length : chunk.length;
    const length = Math.min(most, line);
    if (length === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(length);
    this.#took(length);
    return length === chunk.length ? chunk : chunk.subarray(0, length);
  }

  #took(length: number): void {
    this.#buffered -= length;
    if (this.#holding && this.#buffered <= HIGH_WATER_BYTES / 2) {
      this.#holding = false;
      this.#source.hold(false);
    }
  }
}

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  return Buffer.concat(parts, length);
}

/** The body of all requests that have none. */
export const emptyInput: InputStream = {
  read: () => Promise.resolve(new Uint8Array()),
  readline: () => Promise.resolve(new Uint8Array()),
  readlines: () => Promise.resolve([]),
  async *[Symbol.asyncIterator]() {},
};
