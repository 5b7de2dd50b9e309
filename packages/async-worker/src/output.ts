import type { Socket } from 'node:net';

/** Text up to this length is joined to what is already waiting; more is written by itself. */
const JOIN_BELOW = 65_536;
const ASCII_BELOW = 16_384;

/**
 * What is on its way out of a connection. While bytes of the client are being parsed nothing is written: the
 * answers of synchronous applications, pipelined ones too, leave together in one write.
 */
export class Output {
  readonly #socket: Socket;
  #text = '';
  #held = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the client has yet to take what was written. */
  get full(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Keeps what is written until {@link release}. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.flush();
  }

  /** Writes latin-1 text: heads, chunk sizes. */
  latin1(text: string): void {
    this.#text += text;
    if (!this.#held || this.#text.length > JOIN_BELOW) this.flush();
  }

  /** Writes a piece of a body behind a line, and before another one: its chunk's, or the head. */
  body(before: string, chunk: Uint8Array | string, after: string): void {
    if (typeof chunk === 'string' && chunk.length < ASCII_BELOW && isAscii(chunk)) {
      this.latin1(before + chunk + after);
      return;
    }
    const head = this.#text + before;
    this.#text = '';
    this.#socket.cork();
    if (head !== '') this.#socket.write(head, 'latin1');
    this.#socket.write(chunk as string, 'utf8');
    if (after !== '') this.#socket.write(after, 'latin1');
    this.#socket.uncork();
  }

  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#socket.write(text, 'latin1');
  }

  /** Resolves when the client has taken what was written, or is gone. */
  drained(): Promise<void> {
    this.flush();
    if (!this.#socket.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }
}

/** Whether text is the same in UTF-8 and latin-1. */
function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
