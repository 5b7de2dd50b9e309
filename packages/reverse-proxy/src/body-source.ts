import type { HeaderList } from '@highball/gateway-protocol';

/** The body of a request, on its way to the upstream. */
export interface BodySource {
  /** Whether it can be read once more, from its beginning. */
  readonly replayable: boolean;
  /** Whether a piece of it was read, so that what cannot be replayed is spoiled. */
  readonly started: boolean;
  read(): AsyncIterable<Uint8Array>;
  /** The fields behind it, once it was read to its end. */
  trailers(): HeaderList;
}

/** A body straight from the client. */
export class StreamingBody implements BodySource {
  readonly replayable = false;
  readonly #input: AsyncIterable<Uint8Array>;
  readonly #trailers: (() => HeaderList) | undefined;
  started = false;

  constructor(input: AsyncIterable<Uint8Array>, trailers: (() => HeaderList) | undefined) {
    this.#input = input;
    this.#trailers = trailers;
  }

  read(): AsyncIterable<Uint8Array> {
    this.started = true;
    return this.#input;
  }

  trailers(): HeaderList {
    return this.#trailers?.() ?? [];
  }
}

/** A body of pieces that are kept. */
export class KeptBody implements BodySource {
  readonly replayable = true;
  readonly #pieces: readonly Uint8Array[];
  readonly #trailers: HeaderList;
  started = false;

  constructor(pieces: readonly Uint8Array[], trailers: HeaderList = []) {
    this.#pieces = pieces;
    this.#trailers = trailers;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    this.started = true;
    for (const piece of this.#pieces) yield piece;
  }

  trailers(): HeaderList {
    return this.#trailers;
  }
}
