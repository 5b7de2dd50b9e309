import { WebSocketUsageError } from './errors.ts';

/** A message: text, or bytes. */
export type Message = string | Uint8Array;

/** What a message costs beside its bytes: messages of a byte each must not take a hundred times their size. */
const MESSAGE_BYTES = 128;

/** The messages that the application has not read yet. It tells when to stop reading from the socket. */
export class Inbox {
  readonly #limitBytes: number;
  readonly #onFull: (full: boolean) => void;
  readonly #messages: { data: Buffer; isBinary: boolean }[] = [];
  #bytes = 0;
  #full = false;
  #closed = false;
  #waiting: ((message: Message | undefined) => void) | undefined;

  /** @param onFull - called with true when no more should come for now, and with false when there is room again. */
  constructor(limitBytes: number, onFull: (full: boolean) => void) {
    this.#limitBytes = limitBytes;
    this.#onFull = onFull;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#full;
  }

  push(data: Buffer, isBinary: boolean): void {
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting(read(data, isBinary));
      return;
    }
    if (this.#closed) return;
    this.#messages.push({ data, isBinary });
    this.#bytes += data.length + MESSAGE_BYTES;
    this.#setFull(this.#bytes > this.#limitBytes);
  }

  /** The next message; undefined when there will be none. */
  take(): Message | undefined | Promise<Message | undefined> {
    if (this.#waiting !== undefined) {
      throw new WebSocketUsageError('CONCURRENT_RECEIVE', 'await one message before you ask for the next');
    }
    const message = this.#messages.shift();
    if (message === undefined) {
      return this.#closed ? undefined : new Promise((resolve) => (this.#waiting = resolve));
    }
    this.#bytes -= message.data.length + MESSAGE_BYTES;
    if (this.#bytes <= this.#limitBytes / 2) this.#setFull(false);
    return read(message.data, message.isBinary);
  }

  /** No more will come. What is here can still be read. */
  end(): void {
    this.#closed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(undefined);
  }

  /** Throws away what is here and what comes. */
  discard(): void {
    this.#messages.length = 0;
    this.#bytes = 0;
    this.end();
    this.#setFull(false);
  }

  #setFull(full: boolean): void {
    if (full === this.#full) return;
    this.#full = full;
    this.#onFull(full);
  }
}

/** Text is decoded when it is read: as a string it may take twice the room. ws has checked that it is UTF-8. */
function read(data: Buffer, isBinary: boolean): Message {
  return isBinary ? data : data.toString();
}
