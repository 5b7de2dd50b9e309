import type { HeaderList } from '@highball/gateway-protocol';
import type { BodySource } from './body-source.ts';

/** As much as HTTP/2 lets anybody send before the upstream has said a word (RFC 9113 §6.9.2). */
const KEPT_BYTES = 65_535;

type Reader = AsyncIterator<Uint8Array, undefined>;

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined };

/**
 * A body whose beginning is kept until an upstream has taken the request, for one that refuses it (RFC 9113 §8.7): what
 * was sent by then can be sent once more, and the rest goes on where the first reader has stopped.
 */
export class ReplayedBody implements BodySource {
  readonly #body: BodySource;
  /** The last one: what others wait for is its. */
  #reader: Reader | undefined;
  #source: AsyncIterator<Uint8Array> | undefined;
  /** Pieces that are kept, and how many were thrown away before them. */
  readonly #pieces: Uint8Array[] = [];
  #thrownAway = 0;
  #keptBytes = 0;
  #keeps = true;
  #ended = false;
  /** The piece that is on its way, for whoever waits for it. */
  #coming: Promise<void> | undefined;
  started = false;

  constructor(body: BodySource) {
    this.#body = body;
  }

  /** Whether all that was read of it is here. */
  get replayable(): boolean {
    return this.#keeps;
  }

  /** Keeps nothing any more: an answer has begun. */
  forget(): void {
    this.#keeps = false;
  }

  /** From the beginning; whoever has read before gets nothing more. */
  read(): AsyncIterable<Uint8Array> {
    this.started = true;
    let index = 0;
    const iterator: Reader = {
      next: () => this.#piece(index++, iterator),
      return: () => Promise.resolve(DONE),
    };
    this.#reader = iterator;
    return { [Symbol.asyncIterator]: () => iterator };
  }

  trailers(): HeaderList {
    return this.#body.trailers();
  }

  async #piece(index: number, reader: Reader): Promise<IteratorResult<Uint8Array, undefined>> {
    while (index >= this.#thrownAway + this.#pieces.length && !this.#ended)
      await (this.#coming ??= this.#pull());
    if (reader !== this.#reader) return DONE;
    const piece = this.#pieces[index - this.#thrownAway];
    if (piece === undefined) return DONE;
    if (!this.#keeps) {
      const count = index - this.#thrownAway + 1;
      this.#pieces.splice(0, count);
      this.#thrownAway += count;
    }
    return { done: false, value: piece };
  }

  async #pull(): Promise<void> {
    this.#source ??= this.#body.read()[Symbol.asyncIterator]();
    const { done, value } = await this.#source.next();
    // Where it has failed, that stays: asked once more, the source would say that this was all.
    this.#coming = undefined;
    if (done) {
      this.#ended = true;
      return;
    }
    this.#pieces.push(value);
    this.#keptBytes += value.length;
    if (this.#keptBytes > KEPT_BYTES) this.#keeps = false;
  }
}
