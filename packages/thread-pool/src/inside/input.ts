import type { InputStream } from '@highball/gateway-protocol';
import { ApplicationError } from '../errors.ts';
import type { Inlet } from '../inlet.ts';

const LF = 0x0a;
const NOTHING = new Uint8Array();

/** `wsgi.input` inside a thread (PEP 3333, "Input and Error Streams"). */
export class ThreadInput implements InputStream {
  readonly #inlet: Inlet;
  /** Called before the first read: the client may wait for 100 Continue. */
  #onWanted: (() => void) | undefined;
  /** What is left of a piece that was read in part. */
  #rest: Uint8Array | undefined;
  #reading = false;

  constructor(inlet: Inlet, onWanted?: () => void) {
    this.#inlet = inlet;
    this.#onWanted = onWanted;
  }

  /** Whether the application has read all of it. */
  get consumed(): boolean {
    return this.#rest === undefined && this.#inlet.consumed;
  }

  async read(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(() => this.#collect(most, false));
  }

  async readline(size?: number): Promise<Uint8Array> {
    const most = limitOf(size);
    return this.#exclusively(() => this.#collect(most, true));
  }

  async readlines(hint?: number): Promise<Uint8Array[]> {
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
      const piece = await this.#exclusively(() => this.#next());
      if (piece === undefined) return;
      yield piece;
    }
  }

  /** Up to so many bytes, or to the end of a line. */
  async #collect(most: number, toLineEnd: boolean): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let left = most; left > 0;) {
      const piece = await this.#next();
      if (piece === undefined) break;
      const lineEnd = toLineEnd ? piece.indexOf(LF) + 1 : 0;
      const part = this.#split(piece, lineEnd === 0 ? left : Math.min(left, lineEnd));
      parts.push(part);
      left -= part.length;
      if (lineEnd !== 0 && part.length === lineEnd) break;
    }
    return parts.length === 1
      ? (parts[0] as Uint8Array)
      : parts.length === 0
        ? NOTHING
        : Buffer.concat(parts);
  }

  async #next(): Promise<Uint8Array | undefined> {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) return rest;
    this.#onWanted?.();
    this.#onWanted = undefined;
    return (await this.#inlet.next()) as Uint8Array | undefined;
  }

  #split(piece: Uint8Array, most: number): Uint8Array {
    if (piece.length <= most) return piece;
    this.#rest = piece.subarray(most);
    return piece.subarray(0, most);
  }

  /** Two readers at a time would each get pieces of what the other one reads. */
  async #exclusively<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reading) {
      const mend = 'await one read before the next';
      throw new ApplicationError('CONCURRENT_READ', `wsgi.input is being read already: ${mend}`);
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
  throw new ApplicationError('BAD_READ_SIZE', `wsgi.input reads a whole number of bytes, not ${size}`);
}
