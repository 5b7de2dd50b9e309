import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environ } from '@highball/gateway-protocol';
import { ErrorPagesError } from './errors.ts';
import { type Now, OwnPage } from './own-page.ts';

/** Own pages: by status (`404`) or class (`'5xx'`), a file each, or one each for HTML, JSON and text. */
export type OwnPages = Readonly<Record<number | string, string | readonly string[]>>;

/** Options of {@link errorPages}. */
export interface ErrorPagesOptions {
  /** Own pages; a status goes before its class, and both before the designed pages. @default none */
  pages?: OwnPages;
  /** The folder to which paths in `pages` are relative. @default the working directory */
  root?: string | URL;
  /**
   * Which answers of status 400 and more get a page: `empty`, those without a body, or with no more in it than the
   * status line; `all`, also those with a body of the application's own (nginx's proxy_intercept_errors).
   * @default 'empty'
   */
  intercept?: 'empty' | 'all';
  /**
   * By what the request is found in the logs; undefined shows nothing.
   * @default `environ['highball.request_id']`
   */
  requestId?: (environ: Environ) => string | undefined;
  /** For so long an own file is believed to be unchanged. @default 1000 (static-cache's) */
  validMs?: number;
  /** Milliseconds, for tests. @default performance.now */
  now?: Now;
}

/** Options with their defaults. */
export interface Settings {
  /** By `404` or `5xx`. */
  readonly pages: ReadonlyMap<string, readonly OwnPage[]>;
  readonly interceptAll: boolean;
  readonly requestId: (environ: Environ) => string | undefined;
}

const DEFAULT_VALID_MS = 1000;

/** @throws ErrorPagesError when an option makes no sense, or a file cannot be read. */
export function resolveOptions(options: ErrorPagesOptions): Settings {
  const { pages = {}, intercept = 'empty', validMs = DEFAULT_VALID_MS } = options;
  if (intercept !== 'empty' && intercept !== 'all')
    throw new ErrorPagesError('BAD_OPTION', `intercept is 'empty' or 'all', not '${String(intercept)}'`);
  if (!(validMs >= 0)) throw new ErrorPagesError('BAD_OPTION', `validMs is 0 or more, not ${validMs}`);
  const root = options.root instanceof URL ? fileURLToPath(options.root) : (options.root ?? '.');
  const read = (path: string): OwnPage =>
    new OwnPage(isAbsolute(path) ? path : join(resolve(root), path), validMs, options.now ?? monotonic);
  return {
    pages: new Map(Object.entries(pages).map(([key, paths]) => [checkKey(key), [paths].flat().map(read)])),
    interceptAll: intercept === 'all',
    requestId: options.requestId ?? assignedId,
  };
}

function monotonic(): number {
  return performance.now();
}

function checkKey(key: string): string {
  if (/^[45](?:\d\d|xx)$/.test(key)) return key;
  throw new ErrorPagesError('BAD_OPTION', `pages has '${key}'; keys are as 404 or '5xx'`);
}

/** What the server gave the request; never what a client says that it is. */
function assignedId(environ: Environ): string | undefined {
  const id = environ['highball.request_id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
