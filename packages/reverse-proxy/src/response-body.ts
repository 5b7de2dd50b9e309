import type { BodyChunk } from '@highball/gateway-protocol';

/** More than this is not kept for a client that reads slowly: four reads of a socket, 64 KiB each. */
const HIGH_WATER_BYTES = 262_144;

/** What a body asks of the connection that it comes from. */
export interface ResponseSource {
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

const DONE: IteratorResult<BodyChunk, undefined> = { done: true, value: undefined };

/** Somebody who waits for the next piece. */
interface Waiter {
  resolve(result: IteratorResult<BodyChunk, undefined>): void;
  reject(error: Error): void;
}

/**
 * The body of an upstream's response on its way to the client: an async iterator with backpressure. No generator: a
 * piece that is here, or comes while it is waited for, costs one promise.
 */
export class ResponseBodyStream implements AsyncIterable<BodyChunk>, AsyncIterator<BodyChunk, undefined> {
  readonly #source: ResponseSource;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #waiter: Waiter | undefined;
  /** Called before the end is told, once. */
  onEnd: (() => void) | undefined;

  constructor(source: ResponseSource) {
    this.#source = source;
  }

  /** Whether all of it is here: then it can be sent without waiting. */
  get complete(): boolean {
    return this.#ended;
  }

  get isEmpty(): boolean {
    return this.#buffered === 0;
  }

  /** All that is here. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#buffered = 0;
    return chunks;
  }

  push(chunk: Uint8Array): void {
    if (this.#error !== undefined || chunk.length === 0) return;
    if (this.#waiter !== undefined) {
      this.#settle()?.resolve({ done: false, value: chunk });
      return;
    }
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered <= HIGH_WATER_BYTES || this.#paused) return;
    this.#paused = true;
    this.#source.pause();
  }

  end(): void {
    this.#ended = true;
    const waiter = this.#settle();
    if (waiter !== undefined) this.#tellEnd().then(waiter.resolve, waiter.reject);
  }

  /** The rest will not come: whoever sends the body must cut it, not end it. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#settle()?.reject(this.#error);
  }

  next(): Promise<IteratorResult<BodyChunk, undefined>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#buffered -= chunk.length;
      this.#makeRoom();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#ended) return this.#tellEnd();
    return new Promise((resolve, reject) => (this.#waiter = { resolve, reject }));
  }

  return(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.close();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Called at the end of the request; before the end of the body it means that the client has left. */
  close(): void {
    if (this.#ended || this.#error !== undefined) return;
    this.fail(new Error('the client has left'));
    this.#source.abandon();
  }

  /** What fails at the end, such as a trailer that cannot be sent, fails the body. */
  async #tellEnd(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.onEnd?.();
    return DONE;
  }

  #makeRoom(): void {
    if (!this.#paused || this.#buffered > HIGH_WATER_BYTES / 2) return;
    this.#paused = false;
    this.#source.resume();
  }

  #settle(): Waiter | undefined {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    return waiter;
  }
}
