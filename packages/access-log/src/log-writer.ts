import { atExit } from './at-exit.ts';
import type { Target } from './target.ts';

/** What became of the lines. */
export interface WriterStats {
  /** Lines that are in the file. */
  readonly written: number;
  /** Lines that found no room, or could not be written in the end. */
  readonly dropped: number;
  /** Bytes that wait. */
  readonly pendingBytes: number;
}

/** What {@link LogWriter} needs; all times in milliseconds. */
export interface WriterOptions {
  readonly flushBytes: number;
  readonly flushMs: number;
  readonly maxBufferBytes: number;
  /** Called when writing begins to fail. */
  readonly onFailure: (error: Error) => void;
  /** Called when writing works again after lines were dropped. */
  readonly onDropped: (lines: number, bytes: number) => void;
  readonly timers: Timers;
}

/** Timers, so that a test has its own. */
export interface Timers {
  /**
   * Calls back once.
   * @param keepAlive - whether the process waits for it.
   * @returns what takes it back.
   */
  after(ms: number, callback: () => void, keepAlive?: boolean): () => void;
}

/** A pipe that is full is read on soon, or not at all. */
const FULL_RETRY_MS = 50;
/** A full disk, a folder that is gone: until somebody has mended it. */
const FAILED_RETRY_MS = 1000;
/** One write at most: others have their turn at the disk. */
const MAX_WRITE_BYTES = 1_048_576;

/** Collects lines and writes them in batches, one write at a time; keeps at most so many bytes. */
export class LogWriter {
  readonly #target: Target;
  readonly #options: WriterOptions;
  /** Whole lines, one character a byte. */
  #pending = '';
  #pendingLines = 0;
  /** What is being written, or has to be tried again. */
  #chunk: Buffer | undefined;
  #chunkLines = 0;
  /** Whether the target is at work. */
  #busy = false;
  /** Whether the last attempt failed: the next is the timer's. */
  #failing = false;
  /** Whether that was told. */
  #told = false;
  #closed = false;
  #reopenings: (() => void)[] = [];
  #flushes: (() => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #cancelExit: () => void;
  #written = 0;
  #dropped = 0;
  #unreported = { lines: 0, bytes: 0 };

  constructor(target: Target, options: WriterOptions) {
    this.#target = target;
    this.#options = options;
    this.#cancelExit = atExit(() => this.#writeRest());
  }

  /** Takes a line, without its end. Never waits: where there is no room the line is dropped. */
  push(line: string): void {
    const size = line.length + 1;
    if (this.#closed || this.#held + size > this.#options.maxBufferBytes) {
      this.#drop(1, size);
      return;
    }
    this.#pending += `${line}\n`;
    this.#pendingLines++;
    if (this.#busy || this.#failing) return;
    if (this.#pending.length >= this.#options.flushBytes) this.#pump();
    else this.#arm(this.#options.flushMs);
  }

  /** Writes what there is. @returns whether all of it was written within the time. */
  async flush(deadlineMs: number): Promise<boolean> {
    if (this.#idle) return true;
    this.#wake();
    const all = new Promise<true>((resolve) => this.#flushes.push(() => resolve(true)));
    return this.#within(deadlineMs, all);
  }

  /** Opens the target anew, once what is being written is written. @returns the error, if it cannot be. */
  async reopen(deadlineMs: number): Promise<Error | null> {
    await this.flush(deadlineMs);
    if (this.#closed) return null;
    // A write that hangs in the kernel is on the old descriptor, which must not be closed under it.
    if (this.#busy) await new Promise<void>((resolve) => this.#reopenings.push(resolve));
    else this.#busy = true;
    const error = await new Promise<Error | null>((resolve) => this.#target.reopen(resolve));
    this.#busy = false;
    this.#settle();
    return error;
  }

  /** Writes what it can within the time, and is closed for good. */
  async close(deadlineMs: number): Promise<boolean> {
    if (this.#closed) return true;
    const whole = await this.flush(deadlineMs);
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelExit();
    if (!this.#failing) this.#writeRest();
    this.#drop(this.#pendingLines, this.#pending.length);
    this.#pending = '';
    this.#pendingLines = 0;
    // What is under way may still come to a good end.
    if (!this.#busy) this.#finish();
    return whole;
  }

  stats(): WriterStats {
    return { written: this.#written, dropped: this.#dropped, pendingBytes: this.#held };
  }

  get #held(): number {
    return this.#pending.length + (this.#chunk?.length ?? 0);
  }

  get #idle(): boolean {
    return this.#held === 0 && !this.#busy;
  }

  #drop(lines: number, bytes: number): void {
    this.#dropped += lines;
    this.#unreported.lines += lines;
    this.#unreported.bytes += bytes;
  }

  /** It is time: by the timer, or because somebody wants it. */
  #wake(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#pump();
  }

  #pump(): void {
    if (this.#busy) return;
    if (this.#chunk === undefined) this.#fill();
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#busy = true;
    this.#target.write(chunk, (error, written) => this.#onWritten(error, written));
  }

  /** Takes as many whole lines as one write may have; a line that is longer goes alone. */
  #fill(): void {
    if (this.#pending === '') return;
    const most = Math.min(MAX_WRITE_BYTES, this.#target.atomicBytes);
    if (this.#pending.length <= most) {
      this.#chunk = Buffer.from(this.#pending, 'latin1');
      this.#chunkLines = this.#pendingLines;
      this.#pending = '';
    } else {
      const end = this.#pending.lastIndexOf('\n', most - 1) + 1 || this.#pending.indexOf('\n') + 1;
      this.#chunk = Buffer.from(this.#pending.slice(0, end), 'latin1');
      this.#chunkLines = countLines(this.#chunk);
      this.#pending = this.#pending.slice(end);
    }
    this.#pendingLines -= this.#chunkLines;
  }

  #onWritten(error: NodeJS.ErrnoException | null, written: number): void {
    this.#busy = false;
    const rest = this.#chunk?.subarray(written);
    this.#chunk = rest?.length ? rest : undefined;
    if (error && !this.#closed) this.#fail(error);
    else if (this.#chunk === undefined) this.#recover();
    if (this.#closed) this.#finish();
    else if (!error) this.#settle();
  }

  /** Nothing is under way: whoever waited for that has his turn, then the next write. */
  #settle(): void {
    if (this.#letReopen()) return;
    const due = this.#chunk !== undefined || this.#pending.length >= this.#options.flushBytes;
    if (due || this.#flushes.length > 0) this.#pump();
    else if (this.#pending !== '') this.#arm(this.#options.flushMs);
    if (this.#idle) for (const resolve of this.#flushes.splice(0)) resolve();
  }

  /** Whether the target is given to who wants to open it anew; it is busy until that is done. */
  #letReopen(): boolean {
    const reopening = this.#reopenings.shift();
    if (reopening === undefined) return false;
    this.#busy = true;
    reopening();
    return true;
  }

  #arm(ms: number): void {
    this.#cancelTimer ??= this.#options.timers.after(ms, () => this.#wake());
  }

  #recover(): void {
    this.#written += this.#chunkLines;
    this.#chunkLines = 0;
    this.#failing = false;
    this.#told = false;
    this.#reportDropped();
  }

  #reportDropped(): void {
    const { lines, bytes } = this.#unreported;
    if (lines === 0) return;
    this.#unreported = { lines: 0, bytes: 0 };
    this.#options.onDropped(lines, bytes);
  }

  #fail(error: NodeJS.ErrnoException): void {
    const full = error.code === 'EAGAIN';
    // A pipe that is full for a moment is nothing to be told.
    if (!this.#told && !full) {
      this.#told = true;
      this.#options.onFailure(error);
    }
    this.#failing = true;
    this.#arm(full ? FULL_RETRY_MS : FAILED_RETRY_MS);
    this.#letReopen();
  }

  /** At the end: what is not under way already, as far as that goes at once. */
  #writeRest(): void {
    if (!this.#busy && this.#chunk !== undefined && this.#writeNow(this.#chunk)) {
      this.#written += this.#chunkLines;
      this.#chunk = undefined;
    }
    if (this.#pending !== '' && this.#writeNow(Buffer.from(this.#pending, 'latin1'))) {
      this.#written += this.#pendingLines;
      this.#pending = '';
      this.#pendingLines = 0;
    }
  }

  #writeNow(bytes: Uint8Array): boolean {
    try {
      return this.#target.writeSync(bytes) === bytes.length;
    } catch {
      // It is counted as lost, or nobody is left to be told.
      return false;
    }
  }

  /** The last write has ended, after the log was closed. */
  #finish(): void {
    if (this.#chunk !== undefined) this.#drop(this.#chunkLines, this.#chunk.length);
    this.#chunk = undefined;
    this.#reportDropped();
    this.#target.close();
  }

  async #within(deadlineMs: number, all: Promise<true>): Promise<boolean> {
    let cancel: (() => void) | undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.#options.timers.after(deadlineMs, () => resolve(false), true);
    });
    const whole = await Promise.race([all, late]);
    cancel?.();
    return whole;
  }
}

function countLines(chunk: Uint8Array): number {
  let lines = 0;
  for (const byte of chunk) if (byte === 0x0a) lines++;
  return lines;
}
