import type { Socket } from 'node:net';

/** What is needed of a socket to write to it; a TLS socket has it too. */
export type OutputSocket = Pick<
  Socket,
  'write' | 'cork' | 'uncork' | 'end' | 'on' | 'writableNeedDrain' | 'writableLength' | 'bytesWritten'
>;

/** Pieces up to this size are copied into one write; a system call costs more than the copy. Measured: see bench. */
const JOIN_BYTES = 16_384;
/**
 * Larger pieces are written part by part, so that one sees a slow client taking them: with the usual write
 * timeout it must take about 1 kB a second.
 */
const PART_BYTES = 65_536;

/**
 * What is on its way out of a connection, in order. While it is held nothing is written: the answers to all that
 * arrived in one read, pipelined requests too, leave in one write.
 */
export class Output {
  readonly #socket: OutputSocket;
  /** Latin-1 text that was not written yet. */
  #text = '';
  #holds = 0;
  /** What the socket has no room for. */
  readonly #queue: (string | Uint8Array)[] = [];
  #waiting: (() => void)[] | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #taken = 0;
  #takenAt = 0;

  constructor(socket: OutputSocket) {
    this.#socket = socket;
  }

  /** Whether the client has yet to take what was written: who has more to send should wait. */
  get full(): boolean {
    return this.#state !== 'over' && (this.#queue.length > 0 || this.#socket.writableNeedDrain);
  }

  /** Keeps what is written until {@link release}; may be nested. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds === 0) this.flush();
  }

  /** Writes latin-1 text: heads, sizes of chunks. */
  text(text: string): void {
    this.#text += text;
    if (this.#holds === 0 || this.#text.length > JOIN_BYTES) this.flush();
  }

  /**
   * Writes a piece of a body between two texts.
   * @param size - its length in bytes, as UTF-8 if it is a string.
   */
  chunk(before: string, chunk: Uint8Array | string, size: number, after: string): void {
    // A string of as many bytes as characters is ASCII, the same in latin-1.
    if (typeof chunk === 'string' && size === chunk.length && size <= JOIN_BYTES) {
      this.text(before + chunk + after);
      return;
    }
    const head = this.#text + before;
    this.#text = '';
    if (size + head.length <= JOIN_BYTES) {
      this.#put(join(head, chunk, size, after));
      return;
    }
    this.#socket.cork();
    if (head !== '') this.#put(head);
    this.#put(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (after !== '') this.#put(after);
    this.#socket.uncork();
  }

  /** Writes what is there, also while it is held. */
  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#put(text);
  }

  /** Resolves when the client has caught up, or is gone. */
  drained(): Promise<void> {
    return new Promise((resolve) => this.onceDrained(resolve));
  }

  /** Calls back when the client has caught up, or is gone. */
  onceDrained(callback: () => void): void {
    this.flush();
    if (!this.full) {
      callback();
      return;
    }
    this.#listen();
    this.#waiting?.push(callback);
  }

  /** Closes for sending, behind all that was written. */
  end(): void {
    this.flush();
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (this.#queue.length === 0) this.#end();
  }

  /** The connection is gone, or somebody else's: what is still written goes nowhere. */
  abandon(): void {
    this.#state = 'over';
    this.#text = '';
    this.#queue.length = 0;
    this.#wake();
  }

  /** How long the client has taken nothing of what waits for it; asked at intervals, as exact as these. */
  stalledMs(now: number): number {
    const unsent = this.#socket.writableLength;
    // Most connections are idle, and asking for the bytes written costs a call out of JavaScript.
    const taken = unsent === 0 ? -1 : this.#socket.bytesWritten - unsent;
    if (unsent > 0 && taken === this.#taken) return now - this.#takenAt;
    this.#taken = taken;
    this.#takenAt = now;
    return 0;
  }

  /** Whether all that was written has been handed to the kernel. */
  get sent(): boolean {
    return this.#queue.length === 0 && this.#socket.writableLength === 0;
  }

  #put(data: string | Uint8Array): void {
    if (this.#state === 'over') return;
    if (this.#queue.length === 0 && data.length <= PART_BYTES) {
      this.#write(data);
      return;
    }
    this.#queue.push(data);
    this.#listen();
    this.#pump();
  }

  #write(data: string | Uint8Array): void {
    if (typeof data === 'string') this.#socket.write(data, 'latin1');
    else this.#socket.write(data);
  }

  #pump(): void {
    while (this.#queue.length > 0 && !this.#socket.writableNeedDrain) {
      const data = this.#queue[0] as string | Uint8Array;
      if (typeof data === 'string' || data.length <= PART_BYTES) {
        this.#queue.shift();
        this.#write(data);
      } else {
        this.#queue[0] = data.subarray(PART_BYTES);
        this.#write(data.subarray(0, PART_BYTES));
      }
    }
  }

  /** Most connections never wait; only then do they get a listener. */
  #listen(): void {
    if (this.#waiting !== undefined) return;
    this.#waiting = [];
    this.#socket.on('drain', () => {
      this.#pump();
      if (this.#queue.length > 0) return;
      if (this.#state === 'ending') this.#end();
      this.#wake();
    });
  }

  #end(): void {
    this.#state = 'over';
    this.#socket.end();
    this.#wake();
  }

  #wake(): void {
    for (const callback of this.#waiting?.splice(0) ?? []) callback();
  }
}

function join(before: string, chunk: Uint8Array | string, size: number, after: string): Buffer {
  const joined = Buffer.allocUnsafe(before.length + size + after.length);
  joined.write(before, 0, 'latin1');
  if (typeof chunk === 'string') joined.write(chunk, before.length, 'utf8');
  else joined.set(chunk, before.length);
  if (after !== '') joined.write(after, before.length + size, 'latin1');
  return joined;
}
