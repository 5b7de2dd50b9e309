import type { BodyChunk } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import type { ServerHttp2Stream } from 'node:http2';
import { Pace } from '../pace.ts';
import type { Outlet } from '../response-writer.ts';

/**
 * A stream is given no more at a time: what the session holds of all its streams has a cap, and how much of a part a
 * client has taken cannot be seen.
 */
const PART_BYTES = 65_536;

/** What is on its way out of a stream, as far as the client's window lets it. */
export class StreamOutput implements Outlet {
  readonly #stream: ServerHttp2Stream;
  /** What the stream has no room for. */
  readonly #queue: Uint8Array[] = [];
  #waiting: (() => void)[] = [];
  #listening = false;
  #state: 'open' | 'ending' | 'over' = 'open';
  /** As long as something waits. */
  #pace: Pace | undefined;
  /** Bytes that the stream was given so far. */
  written = 0;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  get full(): boolean {
    return this.#state !== 'over' && (this.#queue.length > 0 || this.#stream.writableNeedDrain);
  }

  get sent(): boolean {
    return this.#queue.length === 0 && this.#stream.writableLength === 0;
  }

  /** The session joins what is written in one turn. */
  hold(): void {
    // Nothing to do.
  }

  release(): void {
    // Nothing to do.
  }

  flush(): void {
    // Nothing to do: nothing is kept that the window has room for.
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.onceDrained(resolve));
  }

  /** Calls back when the client has caught up, or is gone. */
  onceDrained(callback: () => void): void {
    if (!this.full) {
      callback();
      return;
    }
    this.#listen();
    this.#waiting.push(callback);
  }

  /** Writes a piece of the body. */
  write(chunk: BodyChunk, size: number): void {
    if (this.#state !== 'open') return;
    if (this.#queue.length === 0 && size <= PART_BYTES) {
      this.#give(chunk, size);
      return;
    }
    this.#queue.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    this.#listen();
    this.#pump();
  }

  /** Ends the stream behind all that was written. */
  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    if (this.#queue.length === 0) this.#end();
  }

  /** The stream is gone: what is still written goes nowhere. */
  abandon(): void {
    this.#state = 'over';
    this.#queue.length = 0;
    this.#wake();
  }

  /**
   * How long the client has taken nothing of what waits for it, or by how long it has fallen behind a least rate.
   * @param minRateBytes - a second; 0 for none.
   */
  lateMs(now: number, minRateBytes: number): number {
    if (this.sent) {
      this.#pace = undefined;
      return 0;
    }
    const completed = this.written - this.#stream.writableLength;
    this.#pace ??= new Pace(now, completed, -1);
    return this.#pace.lateMs(now, completed, -1, minRateBytes);
  }

  #give(chunk: BodyChunk, size: number): void {
    this.written += size;
    this.#stream.write(chunk);
  }

  #pump(): void {
    while (this.#queue.length > 0 && !this.#stream.writableNeedDrain) {
      const data = this.#queue[0] as Uint8Array;
      if (data.length <= PART_BYTES) this.#queue.shift();
      else this.#queue[0] = data.subarray(PART_BYTES);
      const part = data.subarray(0, PART_BYTES);
      this.#give(part, part.length);
    }
  }

  /** Most streams never wait; only then do they get a listener. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#stream.on('drain', () => this.#onRoom());
  }

  #onRoom(): void {
    this.#pump();
    if (this.full) return;
    if (this.#state === 'ending') this.#end();
    this.#wake();
  }

  #end(): void {
    this.#state = 'over';
    this.#stream.end();
    this.#wake();
  }

  #wake(): void {
    for (const callback of this.#waiting.splice(0)) callback();
  }
}
