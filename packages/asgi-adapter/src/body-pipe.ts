import { AsgiProtocolError, ClientDisconnected } from './errors.ts';
import { quietDeferred, quietly } from './promises.ts';

/** More than this may not wait for a server that asks for one piece after the other. */
const MAX_WAITING_BYTES = 1_048_576;

type Piece = IteratorResult<Uint8Array, undefined>;
const END: Piece = { done: true, value: undefined };

/**
 * The body of a response whose pieces are sent by events: an async iterable for the server, a `send` for the
 * application. A piece counts as sent when the server asks for the next: it does when the client has caught up.
 */
export class BodyPipe implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #onStopped: () => void;
  readonly #pieces: { chunk: Uint8Array; sent: PromiseWithResolvers<void> }[] = [];
  #waitingBytes = 0;
  /** The piece that the server has taken, and has not asked behind yet. */
  #taken: PromiseWithResolvers<void> | undefined;
  #wanted: PromiseWithResolvers<Piece> | undefined;
  #state: 'open' | 'ended' | 'stopped' = 'open';
  #error: unknown;
  #failed = false;

  /** @param onStopped - called once when the server wants no more before the end. */
  constructor(onStopped: () => void) {
    this.#onStopped = onStopped;
  }

  get stopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Sends a piece. @returns rejects with ClientDisconnected when the server wants no more. */
  send(chunk: Uint8Array): Promise<void> {
    if (this.#state === 'stopped') return quietly(new ClientDisconnected());
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES + chunk.length) {
      const message = `await send: more than ${MAX_WAITING_BYTES} bytes wait for the client`;
      const error = new AsgiProtocolError('SEND_NOT_AWAITED', message);
      this.fail(error);
      return quietly(error);
    }
    const sent = quietDeferred<void>();
    this.#pieces.push({ chunk, sent });
    this.#deliver();
    return sent.promise;
  }

  /** The body is complete. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#deliver();
  }

  /** The body cannot be completed: the server must not make it look complete. */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#error = error;
    this.#deliver();
  }

  next(): Promise<Piece> {
    this.#taken?.resolve();
    this.#taken = undefined;
    this.#wanted = Promise.withResolvers<Piece>();
    const { promise } = this.#wanted;
    this.#deliver();
    return promise;
  }

  return(): Promise<Piece> {
    this.#stop();
    return Promise.resolve(END);
  }

  /** Called by the server at the end of the request, whatever happened to it. */
  close(): void {
    this.#stop();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    const piece = this.#pieces.shift();
    if (piece === undefined && this.#state === 'open' && !this.#failed) return;
    this.#wanted = undefined;
    if (piece !== undefined) {
      this.#waitingBytes -= piece.chunk.length;
      this.#taken = piece.sent;
      wanted.resolve({ done: false, value: piece.chunk });
    } else if (this.#failed) wanted.reject(this.#error);
    else wanted.resolve(END);
  }

  #stop(): void {
    if (this.#state === 'stopped') return;
    const isEarly = this.#state === 'open' || this.#pieces.length > 0;
    this.#state = 'stopped';
    this.#wanted?.resolve(END);
    this.#wanted = undefined;
    this.#taken?.reject(new ClientDisconnected());
    for (const { sent } of this.#pieces.splice(0)) sent.reject(new ClientDisconnected());
    if (isEarly) this.#onStopped();
  }
}
