import type { Log, ResponseRecord } from '@highball/async-worker';
import { relative } from 'node:path';
import { PRIVATE_PREFIX } from './private-paths.ts';
import { requestLine } from './request-line.ts';
import { printable, type Terminal, timeOfDay } from './terminal.ts';

/** What the development server prints: requests and reloads on one stream, errors on the other. */
export class DevLog {
  readonly #out: Terminal;
  readonly #err: Terminal;
  readonly #folder: string;
  readonly #textOf: (error: unknown) => string;
  /** Errors that were printed: the worker may come across them a second time. */
  readonly #told = new WeakSet<object>();

  /** @param options.textOf - an error as a text of some lines. */
  constructor(options: { out: Terminal; err: Terminal; folder: string; textOf: (error: unknown) => string }) {
    this.#out = options.out;
    this.#err = options.err;
    this.#folder = options.folder;
    this.#textOf = options.textOf;
  }

  /** For the worker. */
  readonly worker: Log = {
    error: (message, details) => this.error(withRequest(message, details), details),
    warn: (message, details) => this.error(withRequest(message, details), details),
    info: () => undefined,
    debug: () => undefined,
  };

  /** An error, with its stack; each is printed once. */
  error(message: string, details: { err?: unknown } = {}): void {
    const { err } = details;
    if (typeof err === 'object' && err !== null) {
      if (this.#told.has(err)) return;
      this.#told.add(err);
    }
    const head = `${this.#err.style('dim', timeOfDay())} ${this.#err.style('red', printable(message))}`;
    this.#err.line(err === undefined ? head : `${head}\n${printable(this.#textOf(err), true)}`);
  }

  /** A request at its end. Those of the pages' own script are not worth a line. */
  request(record: ResponseRecord): void {
    if (record.environ.RAW_URI?.startsWith(PRIVATE_PREFIX)) return;
    this.#out.line(requestLine(record, this.#out));
  }

  /** The first version. */
  loaded(files: number, durationMs: number): void {
    const count = files === 1 ? 'one file is' : `${files} files are`;
    this.#event(`loaded in ${durationMs.toFixed(0)} ms; ${count} watched`);
  }

  /** A version that has taken another's place. */
  reloaded(changed: readonly string[], durationMs: number): void {
    const [first = '', ...others] = changed.map((path) => printable(relative(this.#folder, path)));
    const files = others.length === 0 ? first : `${first} and ${others.length} more`;
    this.#event(`reloaded in ${durationMs.toFixed(0)} ms (${files})`);
  }

  #event(text: string): void {
    this.#out.line(`${this.#out.style('dim', timeOfDay())} ${this.#out.style('cyan', text)}`);
  }
}

function withRequest(message: string, details: { method?: string; path?: string } = {}): string {
  const { method, path } = details;
  return method === undefined ? message : `${message}: ${method} ${path ?? ''}`;
}
