import { type BodyChunk, closeBody, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import { IncompleteResponseError } from './errors.ts';

/** The source is so far ahead of the slowest reader at most, once what was sent is not kept. */
const AHEAD_BYTES = 262_144;

/** What is made of a body on its way. */
export interface BodySink {
  /** Up to this size all of it is kept, and requests may join. */
  readonly keepBytes: number;
  /** What Content-Length promised. */
  readonly expectedBytes: number | undefined;
  /** Takes each piece. @returns a promise to wait for; false when the body is not wanted any more. */
  take(chunk: Uint8Array, sizeSoFar: number): Promise<void> | boolean;
  /** The body is over; with an error it is not whole. `chunks` is all of it when it was kept. */
  end(error: unknown, size: number, chunks: readonly Uint8Array[] | undefined): void;
  /** Nobody reads any more. */
  abandoned(): void;
  /** The source's own `close` went wrong; the answer is not concerned. */
  closeFailed(error: unknown): void;
}

/**
 * A body that is read once and sent to several: each reader has it from its beginning. While it is small all of it
 * is kept; then only what the slowest reader has not had yet, and the source waits for that one.
 */
export class SharedBody {
  readonly #source: ResponseBody;
  readonly #sink: BodySink;
  #chunks: Uint8Array[] = [];
  /** Pieces that are gone from the front. */
  #dropped = 0;
  #size = 0;
  /** Bytes of the pieces that are here. */
  #kept = 0;
  #wanted = true;
  #closed = false;
  #ended = false;
  #error: unknown;
  readonly #readers = new Set<Reader>();
  readonly #waiting = new Set<() => void>();

  constructor(source: ResponseBody, sink: BodySink) {
    this.#source = source;
    this.#sink = sink;
  }

  /** All of it, when it is here already. */
  get whole(): readonly Uint8Array[] | undefined {
    return this.#ended && this.#error === undefined && this.#dropped === 0 ? this.#chunks : undefined;
  }

  /** Whether it can be joined. */
  get hasBeginning(): boolean {
    return this.#dropped === 0;
  }

  /** Begins to read the source; a body that is there at once is read at once. */
  start(): void {
    if (Array.isArray(this.#source)) this.#readArray(this.#source as readonly BodyChunk[]);
    else void this.#readAll();
  }

  /** A reader from the beginning; undefined when that is gone. */
  join(): Reader | undefined {
    if (this.#dropped > 0) return undefined;
    const reader = new Reader(this);
    this.#readers.add(reader);
    return reader;
  }

  /** The piece with this number, waiting for it; undefined at the end. */
  async at(index: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk = this.#chunks[index - this.#dropped];
      if (chunk !== undefined) return chunk;
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return undefined;
      await this.#change();
    }
  }

  /** A reader has come so far. */
  progressed(): void {
    this.#drop();
    this.#wakeAll();
  }

  leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.#wakeAll();
    if (this.#readers.size === 0 && !this.#ended) this.#sink.abandoned();
  }

  /** Ends it before its time; the source is let go though it may never have another piece. */
  fail(error: unknown): void {
    this.#finish(error);
    void this.#close();
  }

  #readArray(chunks: readonly BodyChunk[]): void {
    for (const chunk of chunks) this.#push(bytesOf(chunk));
    this.#finish(undefined);
    void this.#close();
  }

  async #readAll(): Promise<void> {
    try {
      const source = this.#source;
      for await (const chunk of isAsyncBody(source) ? source : (source as Iterable<BodyChunk>)) {
        if (this.#ended) break;
        await this.#push(bytesOf(chunk));
        if (this.#size > this.#sink.keepBytes) await this.#room();
      }
      this.#finish(undefined);
    } catch (error) {
      this.#finish(error);
    }
    await this.#close();
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await closeBody(this.#source);
    } catch (error) {
      this.#sink.closeFailed(error);
    }
  }

  #push(chunk: Uint8Array): Promise<void> | undefined {
    if (chunk.length === 0 || this.#ended) return undefined;
    this.#size += chunk.length;
    this.#kept += chunk.length;
    this.#chunks.push(chunk);
    const taken = this.#wanted ? this.#sink.take(chunk, this.#size) : false;
    if (taken === false) this.#wanted = false;
    this.#drop();
    this.#wakeAll();
    return typeof taken === 'object' ? taken : undefined;
  }

  async #room(): Promise<void> {
    while (!this.#ended && this.#readers.size > 0 && this.#kept > AHEAD_BYTES) await this.#change();
  }

  /** Forgets what every reader has had, once the body is too large to be kept. */
  #drop(): void {
    if (this.#size <= this.#sink.keepBytes) return;
    let slowest = this.#dropped + this.#chunks.length;
    for (const { index } of this.#readers) slowest = Math.min(slowest, index);
    for (const chunk of this.#chunks.splice(0, slowest - this.#dropped)) this.#kept -= chunk.length;
    this.#dropped = slowest;
  }

  #finish(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error ?? this.#shortfall();
    this.#wakeAll();
    this.#sink.end(this.#error, this.#size, this.whole);
  }

  #shortfall(): IncompleteResponseError | undefined {
    const { expectedBytes } = this.#sink;
    if (expectedBytes === undefined || expectedBytes === this.#size) return undefined;
    const message = `${this.#size} bytes came of ${expectedBytes} that were promised`;
    return new IncompleteResponseError('TRUNCATED', message);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wakeAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}

/** The body as one client gets it. */
export class Reader implements AsyncIterable<Uint8Array> {
  readonly #body: SharedBody;
  /** The next piece. */
  index = 0;

  constructor(body: SharedBody) {
    this.#body = body;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = await this.#body.at(this.index);
      if (chunk === undefined) return;
      this.index++;
      this.#body.progressed();
      yield chunk;
    }
  }

  close(): void {
    this.#body.leave(this);
  }
}

function bytesOf(chunk: BodyChunk): Uint8Array {
  return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
