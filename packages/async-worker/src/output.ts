import { type DirectSocket, DirectWriter, turn, unsentBytes } from '@highball/direct-writes';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Pace } from './pace.ts';
import { type FrozenBody, JoinedAnswers } from './joined-answers.ts';

/** What is needed of a socket to write to it; a TLS socket has it too. */
export type OutputSocket = DirectSocket &
  Pick<
    Socket,
    'write' | 'cork' | 'uncork' | 'end' | 'on' | 'writableNeedDrain' | 'writableLength' | 'bytesWritten'
  >;

/** Pieces up to this size are copied into one write; a system call costs more than the copy. Measured: see bench. */
const JOIN_BYTES = 16_384;
/**
 * Larger pieces are written part by part. The kernel takes as much of a part at once as it has room for: 1 MiB from
 * memory costs a fifth less in one part than in sixteen.
 */
const PART_BYTES = 1_048_576;
/**
 * The same where one cannot see how much of a part a slow client has taken, but only that it has taken all of it:
 * with the usual write timeout it must take about 1 kB a second. Also for TLS, which makes a copy of the whole part.
 */
const BLIND_PART_BYTES = 65_536;

/** Where heads and small bodies are joined: one place for all connections, since nearly every write is over at once. */
let scratch = Buffer.allocUnsafeSlow(JOIN_BYTES);
const answers = new JoinedAnswers();

/**
 * What is on its way out of a connection, in order. While it is held nothing is written: the answers to all that
 * arrived in one read, pipelined requests too, leave in one write.
 */
export class Output {
  readonly #socket: OutputSocket;
  readonly #direct: DirectWriter;
  readonly #batches: boolean;
  /** Latin-1 text that was not written yet. */
  #text = '';
  #holds = 0;
  /** What the socket has no room for. */
  readonly #queue: (string | Uint8Array)[] = [];
  #waiting: (() => void)[] | undefined;
  #state: 'open' | 'ending' | 'over' = 'open';
  #partBytes = 0;
  /** As long as something waits. */
  #pace: Pace | undefined;

  /** @param batches - whether small answers wait for the end of the loop's turn, to leave together. */
  constructor(socket: OutputSocket, batches = false) {
    this.#socket = socket;
    this.#batches = batches;
    this.#direct = new DirectWriter(socket, () => this.#onRoom(), batches);
  }

  /** Whether the client has yet to take what was written: who has more to send should wait. */
  get full(): boolean {
    return this.#state !== 'over' && (this.#queue.length > 0 || this.#busy);
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
   * @param frozen - the body that it is all of, where that cannot change.
   */
  chunk(before: string, chunk: Uint8Array | string, size: number, after: string, frozen?: FrozenBody): void {
    // A string of as many bytes as characters is ASCII, the same in latin-1.
    if (typeof chunk === 'string' && size === chunk.length && size <= JOIN_BYTES) {
      this.text(before + chunk + after);
      return;
    }
    const head = this.#text + before;
    const isAlone = this.#text === '';
    this.#text = '';
    if (size + head.length <= JOIN_BYTES) {
      const joined = frozen !== undefined && isAlone ? answers.get(head, frozen) : undefined;
      if (joined === undefined) this.#putJoined(head, chunk, size, after);
      else this.#put(joined);
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
    this.#direct.flush();
    this.#state = 'over';
    this.#text = '';
    this.#queue.length = 0;
    this.#wake();
  }

  /**
   * How long the client has taken nothing of what waits for it, or by how long it has fallen behind a least rate; asked
   * at intervals, as exact as these.
   * @param minRateBytes - a second; 0 for none.
   */
  lateMs(now: number, minRateBytes: number): number {
    if (!this.#waits) {
      this.#pace = undefined;
      return 0;
    }
    // Most connections never wait, and asking for the bytes costs calls out of JavaScript.
    const completed = this.#socket.bytesWritten - this.#socket.writableLength;
    const unsent = unsentBytes(this.#socket);
    this.#pace ??= new Pace(now, completed, unsent);
    return this.#pace.lateMs(now, completed, unsent, minRateBytes);
  }

  /** Bytes that the socket was given so far. */
  get written(): number {
    return this.#socket.bytesWritten;
  }

  /** Whether all that was written has been handed to the kernel. */
  get sent(): boolean {
    return this.#queue.length === 0 && !this.#waits;
  }

  /** Whether the kernel has yet to take some of what the socket was given. */
  get #waits(): boolean {
    return this.#direct.pending || this.#socket.writableLength > 0;
  }

  /** Whether the socket should be given no more for now. */
  get #busy(): boolean {
    return this.#direct.pending || this.#socket.writableNeedDrain;
  }

  /** Writes small parts as one, in memory that is used again as soon as the kernel has taken them. */
  #putJoined(before: string, chunk: Uint8Array | string, size: number, after: string): void {
    const length = before.length + size + after.length;
    const atOnce = this.#state !== 'over' && this.sent;
    const joined = atOnce ? this.#memory(length) : Buffer.allocUnsafe(length);
    joined.write(before, 0, 'latin1');
    if (typeof chunk === 'string') joined.write(chunk, before.length, 'utf8');
    else joined.set(chunk, before.length);
    if (after !== '') joined.write(after, before.length + size, 'latin1');
    this.#put(joined);
    // It was not over at once: the memory is the socket's now.
    if (!atOnce || !this.#waits) return;
    if (this.#batches) turn.leave(joined);
    else scratch = Buffer.allocUnsafeSlow(JOIN_BYTES);
  }

  #memory(length: number): Buffer {
    return this.#batches ? (turn.memory(length) as Buffer) : scratch.subarray(0, length);
  }

  #put(data: string | Uint8Array): void {
    if (this.#state === 'over') return;
    if (this.#queue.length === 0 && data.length <= this.#part) {
      this.#write(data);
      return;
    }
    this.#queue.push(data);
    this.#listen();
    this.#pump();
  }

  /** How much is written at a time. */
  get #part(): number {
    if (this.#partBytes === 0) {
      const blind = (this.#socket as { encrypted?: boolean }).encrypted || unsentBytes(this.#socket) === -1;
      this.#partBytes = blind ? BLIND_PART_BYTES : PART_BYTES;
    }
    return this.#partBytes;
  }

  #write(data: string | Uint8Array): void {
    if (this.#direct.write(data)) return;
    if (typeof data === 'string') this.#socket.write(data, 'latin1');
    else this.#socket.write(data);
  }

  #pump(): void {
    const part = this.#part;
    while (this.#queue.length > 0 && !this.#busy) {
      const data = this.#queue[0] as string | Uint8Array;
      if (typeof data === 'string' || data.length <= part) {
        this.#queue.shift();
        this.#write(data);
      } else {
        this.#queue[0] = data.subarray(part);
        this.#write(data.subarray(0, part));
      }
    }
  }

  /** Most connections never wait; only then do they get a listener. */
  #listen(): void {
    if (this.#waiting !== undefined) return;
    this.#waiting = [];
    this.#socket.on('drain', () => this.#onRoom());
  }

  #onRoom(): void {
    this.#pump();
    if (this.full) return;
    if (this.#state === 'ending') this.#end();
    this.#wake();
  }

  #end(): void {
    this.#state = 'over';
    this.#direct.flush();
    this.#socket.end();
    this.#wake();
  }

  #wake(): void {
    for (const callback of this.#waiting?.splice(0) ?? []) callback();
  }
}
