/** Where lines are written at once, or not at all. */
export interface LogTarget {
  /** @returns how many of the bytes. @throws the system's error when it takes none: EAGAIN, ENOSPC… */
  writeSome(bytes: Uint8Array): number;
}

/** Options of {@link LogLines}. */
export interface LogLinesOptions {
  /** The line that says how many are lost. */
  describeLoss(lines: number): string;
  /** @default setTimeout, for which the process does not wait */
  after?(ms: number, callback: () => void): void;
}

/** How soon it is tried again to say what was lost, when there is nothing else to write. */
const TELL_MS = 1000;

/**
 * Writes whole lines, and never waits: what finds no room is counted, and told when there is room again. What is kept
 * is the rest of one line, which others must not be put into.
 */
export class LogLines {
  readonly #target: LogTarget;
  readonly #options: Required<LogLinesOptions>;
  #rest: Uint8Array | undefined;
  #lost = 0;
  #waiting = false;

  constructor(target: LogTarget, { describeLoss, after = afterUnref }: LogLinesOptions) {
    this.#target = target;
    this.#options = { describeLoss, after };
  }

  write(line: string): void {
    if (!this.#catchUp() || !this.#put(line)) this.#lose();
  }

  /** What was begun is ended, and what was lost is told. @returns whether nothing stands before the next line. */
  #catchUp(): boolean {
    if (this.#rest !== undefined && !this.#putBytes(this.#rest)) return false;
    if (this.#lost === 0) return true;
    const lost = this.#lost;
    if (!this.#put(this.#options.describeLoss(lost))) return false;
    this.#lost -= lost;
    return this.#rest === undefined;
  }

  #put(line: string): boolean {
    return this.#rest === undefined && this.#putBytes(Buffer.from(line));
  }

  /** @returns whether they are taken: those that are not yet written come first the next time. */
  #putBytes(bytes: Uint8Array): boolean {
    try {
      const written = this.#target.writeSome(bytes);
      this.#rest = written < bytes.length ? bytes.subarray(written) : undefined;
      return true;
    } catch {
      // A full disk, or a pipe that nobody reads, must not end the service.
      return false;
    }
  }

  #lose(): void {
    this.#lost++;
    if (this.#waiting) return;
    this.#waiting = true;
    this.#options.after(TELL_MS, () => this.#tell());
  }

  #tell(): void {
    this.#waiting = false;
    if (this.#catchUp() && this.#lost === 0) return;
    this.#waiting = true;
    this.#options.after(TELL_MS, () => this.#tell());
  }
}

function afterUnref(ms: number, callback: () => void): void {
  setTimeout(callback, ms).unref();
}
