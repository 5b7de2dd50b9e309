import type { InputStream } from './environ.ts';

/** What a program that reads `wsgi.input` can do wrong. */
export type InputMisuse = 'BAD_READ_SIZE' | 'CONCURRENT_READ';

const LF = 0x0a;
const NOTHING = new Uint8Array();

/**
 * `wsgi.input` on anything that gives a body piece by piece (PEP 3333, "Input and Error Streams"): for servers and
 * adapters, which say where the pieces come from, and what their errors are.
 */
export abstract class InputReader implements InputStream {
  /** What was taken from the source and not yet by the application. */
  #rest: Uint8Array | undefined;
  #reading = false;

  /** The next piece that is not empty; undefined at the end, then and ever after. */
  protected abstract nextPiece(): Promise<Uint8Array | undefined>;

  /** The error that a wrong call is answered with. */
  protected abstract misuse(code: InputMisuse, message: string): Error;

  /** Whether a piece was read in part. */
  protected get hasRest(): boolean {
    return this.#rest !== undefined;
  }

  /** Forgets what was taken from the source. @returns how many bytes that were. */
  protected dropRest(): number {
    const { length } = this.#rest ?? NOTHING;
    this.#rest = undefined;
    return length;
  }

  async read(size?: number): Promise<Uint8Array> {
    const most = this.#limitOf(size);
    return this.#exclusively(() => this.#collect(most, false));
  }

  async readline(size?: number): Promise<Uint8Array> {
    const most = this.#limitOf(size);
    return this.#exclusively(() => this.#collect(most, true));
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
    // As file objects have it, 0 is no hint either.
    const most = this.#limitOf(hint) || Number.POSITIVE_INFINITY;
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
      const piece = await this.#exclusively(() => this.#next());
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Up to so many bytes, or to the end of a line. */
  async #collect(most: number, lineWise: boolean): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (length < most) {
      const piece = await this.#next();
      if (piece === undefined) break;
      const lineEnd = lineWise ? piece.indexOf(LF) + 1 : 0;
      const end = Math.min(lineEnd === 0 ? piece.length : lineEnd, most - length);
      if (end < piece.length) this.#rest = piece.subarray(end);
      parts.push(piece.subarray(0, end));
      length += end;
      if (lineEnd !== 0 && end === lineEnd) break;
    }
    return join(parts, length);
  }

  #next(): Promise<Uint8Array | undefined> {
    if (this.#rest === undefined) return this.nextPiece();
    const rest = this.#rest;
    this.#rest = undefined;
    return Promise.resolve(rest);
  }

  /** Two readers at a time would each get pieces of what the other one reads. */
  async #exclusively<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reading) {
      const mend = 'await one read before the next';
      throw this.misuse('CONCURRENT_READ', `wsgi.input is being read already: ${mend}`);
    }
    this.#reading = true;
    try {
      return await read();
    } finally {
      this.#reading = false;
    }
  }

  /** How much a read may return. */
  #limitOf(size: number | undefined): number {
    if (size === undefined || size < 0) return Number.POSITIVE_INFINITY;
    if (Number.isInteger(size) || size === Number.POSITIVE_INFINITY) return size;
    throw this.misuse('BAD_READ_SIZE', `wsgi.input reads a whole number of bytes, not ${size}`);
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

function join(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  // A Buffer, where there are Buffers: what comes in one piece is one as well.
  if (typeof Buffer !== 'undefined') return Buffer.concat(parts, length);
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
