import type { BodyChunk } from '@highball/gateway-protocol';
import type { Inlet } from './inlet.ts';

/** The body of a response that comes from a thread, piece by piece. */
export class ThreadBody implements AsyncIterableIterator<BodyChunk> {
  readonly #inlet: Inlet;
  readonly #onEnd: () => void;
  readonly #onClose: () => void;
  #closed = false;

  /**
   * @param onEnd - called before the end is told, when the server has got all of it.
   * @param onClose - called once, when the server wants no more; also behind the end.
   */
  constructor(inlet: Inlet, onEnd: () => void, onClose: () => void) {
    this.#inlet = inlet;
    this.#onEnd = onEnd;
    this.#onClose = onClose;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<BodyChunk, undefined>> {
    const value = this.#closed ? undefined : await this.#inlet.next();
    if (value !== undefined) return { done: false, value };
    if (!this.#closed) this.#onEnd();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<BodyChunk, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}
