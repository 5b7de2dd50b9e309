import { createRequire } from 'node:module';
import type { Logger as PinoLogger, pino } from 'pino';

type Method = 'trace' | 'debug' | 'info' | 'warn' | 'error';
type Line = [message: string] | [fields: object, message: string];
type Write = (...line: Line) => void;

/** What the server uses of pino's logger. */
export interface Logger extends Readonly<Record<Method, Write>> {
  level: string;
  /** A logger that adds these fields to each line. */
  child(fields: object): Logger;
}

const require = createRequire(import.meta.url);
let loaded: typeof pino | undefined;

/** How long a start takes at most where nothing waits: then there is time. */
const LATER_MS = 1000;

/** pino, which takes a tenth of a start. */
export function loadPino(): typeof pino {
  loaded ??= (require('pino') as { pino: typeof pino }).pino;
  return loaded;
}

/** Loads it when the start is over: a process that has no descriptor left could not, and would have something to say. */
export function loadPinoLater(): void {
  setTimeout(() => {
    try {
      loadPino();
    } catch {
      // Whoever has a line to write tries again.
    }
  }, LATER_MS).unref();
}

/** From talkative to silent. */
const RANKS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/** A logger of pino that is made when it has something to write. */
export class DeferredLog implements Logger {
  readonly trace: Write = this.#method('trace');
  readonly debug: Write = this.#method('debug');
  readonly info: Write = this.#method('info');
  readonly warn: Write = this.#method('warn');
  readonly error: Write = this.#method('error');
  readonly #create: () => PinoLogger;
  #level: string;
  #log: PinoLogger | undefined;

  constructor(level: string, create: () => PinoLogger) {
    this.#level = level;
    this.#create = create;
  }

  get level(): string {
    return this.#level;
  }

  set level(level: string) {
    this.#level = level;
    if (this.#log) this.#log.level = level;
  }

  child(fields: object): Logger {
    return new DeferredLog(this.#level, () => this.#open().child(fields));
  }

  #method(name: Method): Write {
    return (...line) => {
      if (RANKS.indexOf(name) >= RANKS.indexOf(this.#level))
        this.#open()[name](...(line as [object, string]));
    };
  }

  #open(): PinoLogger {
    if (!this.#log) {
      this.#log = this.#create();
      this.#log.level = this.#level;
    }
    return this.#log;
  }
}
