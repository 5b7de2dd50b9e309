import type { Application } from '@highball/gateway-protocol';
import { performance } from 'node:perf_hooks';
import {
  type CachePolicyOf,
  type CacheRule,
  compileCacheRules,
  HASHED_NAMES,
  YEAR_SECONDS,
} from './cache-control.ts';
import type { ErrorAnswer } from './error-answer.ts';
import { StaticCacheUsageError } from './errors.ts';

/** How files are found, what is told of them, and how much of them is kept in memory. */
export interface StaticCacheOptions {
  /** The start of the path that is not part of the file's name, as `/static`. @default '' */
  readonly prefix?: string;
  /** Asked instead of answering 404 and 405: what comes next. */
  readonly fallthrough?: Application;
  /** Files that stand for their folder; the first that is there. @default ['index.html'] */
  readonly index?: readonly string[];
  /**
   * What a path is tried as, in this order: `$uri` is the file itself, `$uri/` the folder with its index, others are
   * names of files (`$uri.html`, `/offline.html`). One without `$uri` never answers for an asset's extension.
   * @default ['$uri', '$uri/']
   */
  readonly tryFiles?: readonly string[];
  /** The file that answers where there is none, unless the path has an asset's extension: the same as a last entry of `tryFiles`. */
  readonly fallback?: string;
  /** Whether a folder without an index is listed, as HTML, or as JSON for who prefers that. @default false */
  readonly autoindex?: boolean;
  /** Rows of a listing; the rest is left out, and the page says so. @default 10_000 */
  readonly maxListed?: number;
  /** Names that begin with a dot, other than `.well-known`. @default 'refuse' */
  readonly dotfiles?: 'refuse' | 'serve';
  /** Whether a symbolic link may lead out of the root. That gives up the containment. @default false */
  readonly followSymlinks?: boolean;
  /** Seconds for which a browser may use a file without asking, where no rule says otherwise. @default 0 */
  readonly maxAgeSeconds?: number;
  /** Rules for some files, the first that matches; `maxAgeSeconds` is for the others. @default [] */
  readonly cacheRules?: readonly CacheRule[];
  /** Names that are `immutable` for a year where no rule says otherwise: those with a hash in them. False for none. */
  readonly immutableNames?: RegExp | false;
  /** Media types by ending, without the dot, before the usual ones: `{ md: 'text/markdown' }`. @default {} */
  readonly types?: Readonly<Record<string, string>>;
  /** The charset that is told of text; false for none. @default 'utf-8' */
  readonly charset?: string | false;
  /** Whether `X-Content-Type-Options: nosniff` is sent: what is called text is not run. @default true */
  readonly nosniff?: boolean;
  /** Fields that every file has besides. @default [] */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /**
   * What entity tags are made of: time of change and size, or the content, which is the same on several machines and
   * costs reading each file once. @default 'state'
   */
  readonly etag?: 'state' | 'content';
  /** Files below the root that are sent with an error, by its status: `{ 404: '404.html' }`. @default {} */
  readonly errorPages?: Readonly<Record<number, string>>;
  /** Answers errors that have no page: 400, 404, 405, 412, 416. @default a line of text */
  readonly onError?: ErrorAnswer;
  /** Siblings with the same content, compressed, in the order that decides between equal weights. @default ['br', 'zst', 'gz'] */
  readonly precompressed?: readonly ('br' | 'zst' | 'gz')[];
  /** Bytes of file contents in memory, those that slow clients are still being sent included. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /** Names whose state is remembered, missing ones too. @default 10_000 */
  readonly maxEntries?: number;
  /** Files up to this size are kept in memory; larger ones are read for each answer. @default 1_048_576 */
  readonly maxFileBytes?: number;
  /** Descriptors that are kept open while nobody reads from them. @default 64 */
  readonly maxIdleFiles?: number;
  /** For how long a file's state is believed without a look; negative for never. @default 1000 */
  readonly validMs?: number;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly wallClock?: () => number;
}

/** Options with their defaults. */
export type ResolvedOptions = Readonly<
  Required<
    Omit<
      StaticCacheOptions,
      'fallthrough' | 'fallback' | 'cacheRules' | 'maxAgeSeconds' | 'immutableNames' | 'onError'
    >
  >
> & {
  readonly fallthrough: Application | undefined;
  readonly onError: ErrorAnswer | undefined;
  readonly cachePolicy: CachePolicyOf;
};

/** @throws StaticCacheUsageError BAD_OPTION when one makes no sense. */
export function resolveOptions(options: StaticCacheOptions): ResolvedOptions {
  const prefix = (options.prefix ?? '').replace(/\/+$/, '');
  if (prefix !== '' && !prefix.startsWith('/')) refuse(`prefix must start with /, not '${prefix}'`);
  const resolved = {
    prefix,
    fallthrough: options.fallthrough,
    index: options.index ?? ['index.html'],
    tryFiles: [...(options.tryFiles ?? ['$uri', '$uri/']), ...(options.fallback ? [options.fallback] : [])],
    autoindex: options.autoindex ?? false,
    maxListed: options.maxListed ?? 10_000,
    dotfiles: options.dotfiles ?? 'refuse',
    followSymlinks: options.followSymlinks ?? false,
    cachePolicy: cachePolicyOf(options),
    types: options.types ?? {},
    charset: options.charset ?? 'utf-8',
    nosniff: options.nosniff ?? true,
    headers: options.headers ?? [],
    etag: options.etag ?? 'state',
    errorPages: options.errorPages ?? {},
    onError: options.onError,
    precompressed: options.precompressed ?? ['br', 'zst', 'gz'],
    maxBytes: options.maxBytes ?? 67_108_864,
    maxEntries: options.maxEntries ?? 10_000,
    maxFileBytes: options.maxFileBytes ?? 1_048_576,
    maxIdleFiles: options.maxIdleFiles ?? 64,
    validMs: options.validMs ?? 1000,
    now: options.now ?? (() => performance.now()),
    wallClock: options.wallClock ?? Date.now,
  } satisfies ResolvedOptions;
  for (const name of ['maxListed', 'maxBytes', 'maxEntries', 'maxFileBytes', 'maxIdleFiles'] as const) {
    if (!(resolved[name] >= 0)) refuse(`${name} is a number from 0 on, not ${String(resolved[name])}`);
  }
  for (const name of [...resolved.index, ...resolved.tryFiles, ...Object.values(resolved.errorPages)]) {
    if (name.split('/').includes('..')) refuse(`'${name}' must not leave the root`);
  }
  return resolved;
}

function cachePolicyOf(options: StaticCacheOptions): CachePolicyOf {
  const { cacheRules = [], immutableNames = HASHED_NAMES, maxAgeSeconds = 0 } = options;
  const hashed: CacheRule[] =
    immutableNames === false ? [] : [{ path: immutableNames, maxAgeSeconds: YEAR_SECONDS, immutable: true }];
  try {
    return compileCacheRules([...cacheRules, ...hashed], { maxAgeSeconds });
  } catch (cause) {
    throw new StaticCacheUsageError('BAD_OPTION', (cause as Error).message, { cause });
  }
}

function refuse(message: string): never {
  throw new StaticCacheUsageError('BAD_OPTION', message);
}
