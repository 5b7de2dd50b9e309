import type { BodyChunk } from '@highball/gateway-protocol';

/** More than this is not kept for a client that reads slowly. */
const HIGH_WATER_BYTES = 262_144;

/** What a body asks of the connection that it comes from. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  abandon(): void;
}

/** The body of an upstream's response on its way to the client: an async iterable with backpressure. */
export class UpstreamBody implements AsyncIterable<BodyChunk> {
  readonly #source: BodySource;
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** Whether all of it is here: then it can be sent without waiting. */
  get complete(): boolean {
    return this.#ended;
  }

  /** All that has come so far. */
  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#buffered = 0;
    return chunks;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > HIGH_WATER_BYTES) this.#source.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The rest will not come: whoever sends the body must cut it, not end it. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      for (const chunk of this.take()) yield chunk;
      if (this.#chunks.length > 0) continue;
      if (this.#error) throw this.#error;
      if (this.#ended) return;
      this.#source.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  /** Called at the end of the request; before the end of the body it means that the client has left. */
  close(): void {
    if (this.#ended) return;
    this.fail(new Error('the client has left'));
    this.#source.abandon();
  }
}
