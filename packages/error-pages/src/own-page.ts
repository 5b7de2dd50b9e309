import { readFileSync, type Stats, statSync } from 'node:fs';
import { extname } from 'node:path';
import type { Form } from './accept.ts';
import { ErrorPagesError } from './errors.ts';
import { escapeHtml, escapeJson } from './escape.ts';
import type { ErrorFacts } from './page.ts';
import { textOf } from './statuses.ts';

/** More is no error page, and each stays in memory. */
const MAX_FILE_BYTES = 1_048_576;

const FORMS: Readonly<Record<string, Form>> = {
  '.html': 'html',
  '.htm': 'html',
  '.json': 'json',
  '.txt': 'text',
};

const ESCAPES: Readonly<Record<Form, (text: string) => string>> = {
  html: escapeHtml,
  json: escapeJson,
  text: (text) => text,
};

/** What a file may have a place for. */
const PLACES: Readonly<Record<string, (facts: ErrorFacts) => string>> = {
  status: ({ status }) => String(status),
  reason: ({ status }) => textOf(status).reason,
  detail: ({ status }) => textOf(status).detail,
  request_id: ({ requestId }) => requestId ?? '',
};

/** Milliseconds, from any moment on. */
export type Now = () => number;

/**
 * A page out of a file. The file is read once; from time to time it is looked whether it has changed. While it cannot
 * be read, as while it is being replaced, the page stays as it was.
 */
export class OwnPage {
  readonly form: Form;
  readonly #path: string;
  readonly #validMs: number;
  readonly #now: Now;
  #state = '';
  #text = '';
  #lookedAt: number;

  /** @throws ErrorPagesError when the file cannot be read, is too large, or of a kind that no form has. */
  constructor(path: string, validMs: number, now: Now) {
    const form = FORMS[extname(path).toLowerCase()];
    if (form === undefined)
      throw new ErrorPagesError('BAD_FILE', `${path} should end in ${Object.keys(FORMS).join(', ')}`);
    this.form = form;
    this.#path = path;
    this.#validMs = validMs;
    this.#now = now;
    this.#lookedAt = now();
    try {
      this.#read();
    } catch (cause) {
      if (cause instanceof ErrorPagesError) throw cause;
      throw new ErrorPagesError('BAD_FILE', `${path} cannot be read: ${String(cause)}`, { cause });
    }
  }

  /** The page, with `{{status}}`, `{{reason}}`, `{{detail}}` and `{{request_id}}` filled in. */
  render(facts: ErrorFacts): string {
    this.#look();
    const escape = ESCAPES[this.form];
    return this.#text.replaceAll(/\{\{(\w+)\}\}/g, (place, name: string) =>
      Object.hasOwn(PLACES, name) ? escape(PLACES[name]!(facts)) : place,
    );
  }

  #look(): void {
    const now = this.#now();
    if (now - this.#lookedAt < this.#validMs) return;
    this.#lookedAt = now;
    try {
      this.#read();
    } catch {
      // Whoever changes the file is not done; the page that is known is better than none.
    }
  }

  #read(): void {
    const stats = statSync(this.#path);
    const state = stateOf(stats);
    if (state === this.#state) return;
    if (!stats.isFile()) throw new ErrorPagesError('BAD_FILE', `${this.#path} is no file`);
    if (stats.size > MAX_FILE_BYTES)
      throw new ErrorPagesError('BAD_FILE', `${this.#path} has ${stats.size} bytes; 1 MiB is the most`);
    this.#text = readFileSync(this.#path, 'utf8');
    this.#state = state;
  }
}

function stateOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${size} ${ino}`;
}
