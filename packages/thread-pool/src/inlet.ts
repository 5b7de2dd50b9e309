import { costOf, type Piece } from './protocol.ts';

/**
 * The receiving end of a body between two threads: keeps what has come until it is taken, and gives the sender room
 * again for what was.
 */
export class Inlet {
  readonly #grantBytes: number;
  readonly #grant: (bytes: number) => void;
  readonly #pieces: Piece[] = [];
  #bufferedBytes = 0;
  #owedBytes = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param grant - tells the sender of room for so many bytes; called for half a window at a time. */
  constructor(windowBytes: number, grant: (bytes: number) => void) {
    this.#grantBytes = windowBytes >> 1;
    this.#grant = grant;
  }

  /** What has come and was not taken, in bytes of a window. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Whether the sender has said that it is all. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether all has come, and was taken. */
  get consumed(): boolean {
    return this.#ended && this.#pieces.length === 0;
  }

  push(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#bufferedBytes += costOf(piece);
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The rest will not come: reading fails once what is here was taken. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#wake?.();
  }

  /** Throws away what is here: nobody reads it any more. */
  discard(): void {
    this.#pieces.length = 0;
    this.#bufferedBytes = 0;
  }

  /** The next piece, if one is here. */
  take(): Piece | undefined {
    const piece = this.#pieces.shift();
    if (piece === undefined) return undefined;
    const cost = costOf(piece);
    this.#bufferedBytes -= cost;
    this.#owedBytes += cost;
    if (this.#owedBytes >= this.#grantBytes && !this.#ended) {
      this.#grant(this.#owedBytes);
      this.#owedBytes = 0;
    }
    return piece;
  }

  /**
   * The next piece, when it has come; undefined at the end. One reader at a time.
   * @throws what {@link fail} was given.
   */
  async next(): Promise<Piece | undefined> {
    for (;;) {
      const piece = this.take();
      if (piece !== undefined || this.#ended) return piece;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
