import { costOf, maxPieceBytes, type Piece } from './protocol.ts';

/**
 * From this size on the memory of a piece is moved to the other thread, below it is copied. Measured
 * (Node 24, two cores): at 64 KiB moving takes 0.6 of the time, at 16 KiB about as long as copying.
 */
const MOVE_BYTES = 16_384;

/** Takes pieces, and the memory among them that is to be moved and not copied. */
export type PostPieces = (pieces: Piece[], moved: ArrayBuffer[]) => void;

/**
 * The sending end of a body between two threads. It never has more on the way than the window of the other end, which
 * opens it again by {@link grant}; what does not fit waits here.
 */
export class Outlet {
  readonly #post: PostPieces;
  readonly #maxPieceBytes: number;
  #credit: number;
  #queue: Piece[] = [];
  #queuedBytes = 0;
  #wake: (() => void)[] = [];
  #over = false;

  constructor(windowBytes: number, post: PostPieces) {
    this.#credit = windowBytes;
    this.#maxPieceBytes = maxPieceBytes(windowBytes);
    this.#post = post;
  }

  /** Whether something waits for room: who has more should wait as well. */
  get full(): boolean {
    return this.#queue.length > 0;
  }

  /** What waits here, in bytes of a window. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Puts a chunk in the queue. Its bytes are copied: the sender may use its memory again. */
  push(chunk: string | Uint8Array): void {
    if (this.#over || chunk.length === 0) return;
    const most = this.#maxPieceBytes;
    if (typeof chunk === 'string' && 2 * chunk.length <= most) {
      this.#enqueue(chunk);
      return;
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let at = 0; at < bytes.length; at += most) {
      // A copy of exactly these bytes: a Buffer is often a part of a larger memory, all of which would be sent.
      this.#enqueue(new Uint8Array(bytes.subarray(at, at + most)));
    }
  }

  /** Sends of the queue what there is room for, in one message. */
  flush(): void {
    let count = 0;
    const moved: ArrayBuffer[] = [];
    for (const piece of this.#queue) {
      const cost = costOf(piece);
      if (cost > this.#credit) break;
      this.#credit -= cost;
      this.#queuedBytes -= cost;
      count++;
      if (typeof piece !== 'string' && piece.length >= MOVE_BYTES) moved.push(piece.buffer as ArrayBuffer);
    }
    if (count > 0) this.#post(this.#queue.splice(0, count), moved);
    if (this.#queue.length === 0) this.#wakeAll();
  }

  /** The other end has room for so much more. */
  grant(bytes: number): void {
    this.#credit += bytes;
    this.flush();
  }

  /** Resolves when nothing waits any more, or nothing is wanted any more. */
  drained(): Promise<void> {
    return this.full ? new Promise((resolve) => this.#wake.push(resolve)) : Promise.resolve();
  }

  /** Nothing of this is wanted any more. */
  abandon(): void {
    this.#over = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#wakeAll();
  }

  #enqueue(piece: Piece): void {
    this.#queue.push(piece);
    this.#queuedBytes += costOf(piece);
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
