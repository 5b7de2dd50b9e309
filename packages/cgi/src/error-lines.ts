import type { ErrorStream } from '@highball/gateway-protocol';
import type { Clock } from './clock.ts';

/** How much may be logged. */
export interface ErrorLineOptions {
  readonly maxErrorLineBytes: number;
  readonly maxErrorLinesPerSecond: number;
  readonly clock: Clock;
}

const LF = 0x0a;
const SECOND_MS = 1000;

/** Bounds what the programs of one application log together: a loop that complains must not fill the disk. */
export class ErrorBudget {
  readonly #options: ErrorLineOptions;
  #since = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #omitted = 0;

  constructor(options: ErrorLineOptions) {
    this.#options = options;
  }

  get maxLineBytes(): number {
    return this.#options.maxErrorLineBytes;
  }

  /** Logs a line, if there is room in this second; tells how many were left out, as soon as there is room again. */
  log(errors: ErrorStream, line: string): void {
    const now = this.#options.clock.now();
    if (now - this.#since >= SECOND_MS) {
      this.#since = now;
      this.#lines = 0;
      if (this.#omitted > 0) errors.write(`(${this.#omitted} lines were left out)\n`);
      this.#omitted = 0;
    }
    if (this.#lines >= this.#options.maxErrorLinesPerSecond) {
      this.#omitted++;
      return;
    }
    this.#lines++;
    errors.write(`${line}\n`);
  }
}

/** Makes lines of what one program writes to stderr; keeps no more of a line than is logged. */
export class ErrorLines {
  readonly #budget: ErrorBudget;
  readonly #errors: ErrorStream;
  readonly #prefix: string;
  #line: Buffer[] = [];
  #kept = 0;
  #cut = false;

  constructor(budget: ErrorBudget, errors: ErrorStream, prefix: string) {
    this.#budget = budget;
    this.#errors = errors;
    this.#prefix = prefix;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#log();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The last line may lack its end. */
  end(): void {
    if (this.#kept > 0) this.#log();
  }

  #keep(part: Buffer): void {
    const room = this.#budget.maxLineBytes - this.#kept;
    if (part.length > room) this.#cut = true;
    if (room === 0 || part.length === 0) return;
    // A copy: a part must not keep its whole chunk alive.
    const kept = Buffer.from(part.subarray(0, room));
    this.#line.push(kept);
    this.#kept += kept.length;
  }

  #log(): void {
    const text = Buffer.concat(this.#line).toString('utf8').replace(/\r$/, '');
    this.#budget.log(this.#errors, `${this.#prefix}: ${printable(text)}${this.#cut ? '…' : ''}`);
    this.#line = [];
    this.#kept = 0;
    this.#cut = false;
  }
}

/** Without control characters: a log is read in terminals, which obey them. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\0-\x08\x0a-\x1f\x7f-\x9f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
