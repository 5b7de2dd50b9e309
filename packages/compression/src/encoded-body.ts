import { type BodyChunk, closeBody, type ResponseBody } from '@highball/gateway-protocol';
import type { OpenEncoder } from './encoder.ts';
import { CompressionError } from './errors.ts';
import { bytesOf, isChunk } from './pieces.ts';

/** So much is encoded at a stretch: it bounds what comes out of one piece, however large that is. */
const PART_BYTES = 262_144;

const DONE: IteratorResult<BodyChunk, undefined> = { done: true, value: undefined };

/** The answer that the body is one of. */
export interface Answer {
  /** Whether it waits for its first piece with a head that could be that of an encoded body. */
  readonly undecided: boolean;
  /** The Content-Length that the application has promised for what is encoded; -1 when none. */
  readonly promisedBytes: number;
  /**
   * Opens an encoder for a body that comes in pieces, and gives the server the head of what it will make.
   * @param flush - whether each piece is to leave at once.
   * @returns undefined where too many are open: then the head was given as it is.
   */
  openEncoder(flush: boolean): OpenEncoder | undefined;
  /** Lets the body go as it is; gives the server the head, if it does not have it. */
  giveHead(): void;
}

/** How a body begins and is cut up. */
interface EncodedBodyOptions {
  /** Whether each piece is to leave at once; not where all of them are there already. @default true */
  readonly flush?: boolean;
  /** What went out by `write` before, and with what. */
  readonly written?: { open: OpenEncoder; done: Promise<void> | undefined; bytes: number };
}

/**
 * The encoded form of a body that comes in pieces. It asks for a piece when it is asked for one, so backpressure
 * passes through it, and nothing of it exists before the first is asked for: a body that nobody reads costs nothing.
 */
export class EncodedBody implements AsyncIterableIterator<BodyChunk, undefined> {
  readonly #source: Iterator<BodyChunk> | AsyncIterator<BodyChunk>;
  readonly #body: ResponseBody;
  readonly #answer: Answer;
  readonly #flush: boolean;
  #open: OpenEncoder | undefined;
  #writing: Promise<void> | undefined;
  /** What is left of a large piece. */
  #rest: Uint8Array | undefined;
  #bytes: number;
  #state: 'waiting' | 'encoding' | 'as-is' | 'over';

  constructor(
    source: Iterator<BodyChunk> | AsyncIterator<BodyChunk>,
    body: ResponseBody,
    answer: Answer,
    { flush = true, written }: EncodedBodyOptions = {},
  ) {
    this.#source = source;
    this.#body = body;
    this.#answer = answer;
    this.#flush = flush;
    this.#open = written?.open;
    this.#writing = written?.done;
    this.#bytes = written?.bytes ?? 0;
    this.#state = written === undefined ? 'waiting' : 'encoding';
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<BodyChunk, undefined>> {
    try {
      return await this.#next();
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** Nobody asks for more. */
  async return(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.#stop();
    await this.#source.return?.();
    return DONE;
  }

  /** The end of the request, also an early one: the compressor goes, and the body behind it is closed. */
  close(): void | Promise<void> {
    this.#stop();
    return closeBody(this.#body);
  }

  async #next(): Promise<IteratorResult<BodyChunk, undefined>> {
    if (this.#writing !== undefined) await this.#writing;
    this.#writing = undefined;
    while (this.#state !== 'over') {
      if (this.#rest !== undefined) {
        const encoded = await this.#encodePart(this.#rest);
        if (encoded.length > 0) return { done: false, value: encoded };
        continue;
      }
      const { done, value } = await this.#source.next();
      if (this.#isOver()) break;
      if (done) return this.#end();
      if (!isChunk(value))
        throw new CompressionError('BAD_BODY', 'a piece of the body is no string or Uint8Array');
      if (value.length === 0) return { done: false, value };
      if (this.#state === 'waiting') this.#begin();
      if (this.#state === 'as-is') return { done: false, value };
      this.#rest = bytesOf(value);
      this.#bytes += this.#rest.byteLength;
    }
    return DONE;
  }

  /** The first piece is there: so the application has begun its answer, and has one. */
  #begin(): void {
    if (this.#answer.undecided) this.#open = this.#answer.openEncoder(this.#flush);
    else this.#answer.giveHead();
    this.#state = this.#open === undefined ? 'as-is' : 'encoding';
  }

  async #encodePart(bytes: Uint8Array): Promise<Uint8Array> {
    const part = bytes.byteLength > PART_BYTES ? bytes.subarray(0, PART_BYTES) : bytes;
    this.#rest = part === bytes ? undefined : bytes.subarray(PART_BYTES);
    return await (this.#open as OpenEncoder).encoder.encode(part);
  }

  async #end(): Promise<IteratorResult<BodyChunk, undefined>> {
    if (this.#state !== 'encoding') {
      // An empty body: there is nothing to encode.
      this.#answer.giveHead();
      this.#stop();
      return DONE;
    }
    this.#checkLength();
    const value = await (this.#open as OpenEncoder).encoder.finish();
    this.#stop();
    return value.length > 0 ? { done: false, value } : DONE;
  }

  /** The server can no longer see by Content-Length that a body was cut short: so it is seen here. */
  #checkLength(): void {
    const promised = this.#answer.promisedBytes;
    if (promised === -1 || promised === this.#bytes) return;
    const message = `the body has ${this.#bytes} bytes, and Content-Length says ${promised}`;
    throw new CompressionError('BODY_LENGTH', message);
  }

  #isOver(): boolean {
    return this.#state === 'over';
  }

  #stop(): void {
    this.#state = 'over';
    this.#rest = undefined;
    this.#open?.release();
  }
}
