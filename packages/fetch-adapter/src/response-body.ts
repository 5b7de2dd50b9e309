import type { ResponseBody } from '@highball/gateway-protocol';

/**
 * How many turns of the microtask queue the second read of a body is given. A body that was made of a string or of
 * bytes is at its end after one, on Node 22 after two (measured on 22.18, 24 and 26); a stream that has to wait for anything is not.
 */
const PROMPT_TURNS = 4;
const PENDING = Symbol('pending');

type Reader = ReadableStreamDefaultReader<Uint8Array>;
/** What a reader reads. */
type Piece = Awaited<ReturnType<Reader['read']>>;

/**
 * The body of a response as a gateway sends it: a short one whole, so that its length is known and one write does;
 * others piece by piece, each when the client has taken the one before.
 * @param signal - asked for only when something has to be waited for; aborted when the client leaves.
 */
export async function readBody(
  stream: ReadableStream<Uint8Array>,
  signal: (() => AbortSignal) | undefined,
): Promise<ResponseBody> {
  const reader = stream.getReader();
  const reads: Promise<Piece>[] = [];
  const read = async (): Promise<Piece | typeof PENDING> => {
    const reading = reader.read();
    // An error is told when the body is sent: what came before it has the right to be sent before.
    reading.catch(() => undefined);
    reads.push(reading);
    return promptly(reading);
  };
  const first = await read();
  if (first === PENDING) return new StreamBody(reader, reads, signal?.());
  if (first.done) return [];
  const second = await read();
  if (second !== PENDING && second.done) return [first.value];
  return new StreamBody(reader, reads, signal?.());
}

/** What a promise resolves with, if it does at once. */
async function promptly<Value>(promise: Promise<Value>): Promise<Value | typeof PENDING> {
  const state: { value: Value | typeof PENDING } = { value: PENDING };
  promise.then(
    (value) => (state.value = value),
    () => undefined,
  );
  for (let turn = 0; turn < PROMPT_TURNS && state.value === PENDING; turn++) await undefined;
  return state.value;
}

/**
 * A body under way. The gateway asks for a piece at a time. When it asks no more, or the client has left while a
 * piece is waited for that may never come, the stream is cancelled.
 */
class StreamBody implements AsyncIterableIterator<Uint8Array> {
  readonly #reader: Reader;
  /** Reads that were begun already. */
  readonly #reads: Promise<Piece>[];
  readonly #signal: AbortSignal | undefined;
  #over = false;

  constructor(reader: Reader, reads: Promise<Piece>[], signal: AbortSignal | undefined) {
    this.#reader = reader;
    this.#reads = reads;
    this.#signal = signal;
    if (signal?.aborted) this.#onAbort();
    else signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const piece = await this.#read();
    // Cancelled because of the client: this must not look like the end of the body.
    this.#signal?.throwIfAborted();
    if (!piece.done) return { done: false, value: piece.value };
    this.#finish();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Tells the source that nobody asks for the rest: the client has left, or wanted the head only. */
  async close(): Promise<void> {
    if (this.#finish()) await this.#reader.cancel(new DOMException('the client has left', 'AbortError'));
  }

  async #read(): Promise<Piece> {
    try {
      return await (this.#reads.shift() ?? this.#reader.read());
    } catch (error) {
      // A stream that has failed has nothing to cancel.
      this.#finish();
      throw error;
    }
  }

  /** A source that cannot be cancelled is of no interest any more. */
  readonly #onAbort = (): void => {
    this.close().catch(() => undefined);
  };

  /** @returns whether it was not over before. */
  #finish(): boolean {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    const wasOver = this.#over;
    this.#over = true;
    return !wasOver;
  }
}
