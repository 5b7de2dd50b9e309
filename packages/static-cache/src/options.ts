import type { Application } from '@highball/gateway-protocol';

/** For which files a browser may do what. */
export interface CacheRule {
  /** A file's path below the root must match; without it all do. */
  readonly match?: RegExp;
  /** Seconds for which the file may be used without asking. */
  readonly maxAgeSeconds: number;
  /** The file never changes under its name (RFC 8246). @default false */
  readonly immutable?: boolean;
  /** A stale copy must not be used (RFC 9111 §5.2.2.2). @default false */
  readonly mustRevalidate?: boolean;
}

export interface StaticCacheOptions {
  /** The start of the path that is not part of the file's name, as `/static`. @default '' */
  readonly prefix?: string;
  /** Asked instead of answering 404 and 405. */
  readonly fallthrough?: Application;
  /** Files that stand for their folder. @default ['index.html'] */
  readonly index?: readonly string[];
  /** Names that begin with a dot, other than `.well-known`. @default 'refuse' */
  readonly dotfiles?: 'refuse' | 'serve';
  /** Whether a symbolic link may lead out of the root. @default false */
  readonly followSymlinks?: boolean;
  /** Seconds for which a browser may use a file without asking. @default 0 */
  readonly maxAgeSeconds?: number;
  /** Rules for some files, the first that matches; `maxAgeSeconds` is for the others. */
  readonly rules?: readonly CacheRule[];
  /**
   * Names with a hash in them (`app.3f9a1c2b.js`) are immutable for a year.
   * @default true
   */
  readonly immutableHashes?: boolean;
  /** The file that answers where there is none, unless the name has an ending. */
  readonly fallback?: string;
  /** Siblings with the same content, compressed, in order of preference. @default ['br', 'zst', 'gz'] */
  readonly precompressed?: readonly ('br' | 'zst' | 'gz')[];
  /** Bytes of file contents in memory. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /** Files, found and missing ones, whose state is remembered. @default 10_000 */
  readonly maxEntries?: number;
  /** Files up to this size are kept in memory. @default 1_048_576 */
  readonly maxFileBytes?: number;
  /** For how long a file's state is believed without a look. @default 1000 */
  readonly validMs?: number;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

/** Options with their defaults. */
export type ResolvedOptions = Required<Omit<StaticCacheOptions, 'fallthrough' | 'fallback'>> & {
  readonly fallthrough: Application | undefined;
  readonly fallback: string | undefined;
};

/** @throws TypeError when the prefix is none. */
export function resolveOptions(options: StaticCacheOptions): ResolvedOptions {
  const prefix = (options.prefix ?? '').replace(/\/+$/, '');
  if (prefix !== '' && !prefix.startsWith('/'))
    throw new TypeError(`prefix must start with /, not '${prefix}'`);
  return {
    prefix,
    fallthrough: options.fallthrough,
    index: options.index ?? ['index.html'],
    dotfiles: options.dotfiles ?? 'refuse',
    followSymlinks: options.followSymlinks ?? false,
    maxAgeSeconds: options.maxAgeSeconds ?? 0,
    rules: options.rules ?? [],
    immutableHashes: options.immutableHashes ?? true,
    fallback: options.fallback,
    precompressed: options.precompressed ?? ['br', 'zst', 'gz'],
    maxBytes: options.maxBytes ?? 67_108_864,
    maxEntries: options.maxEntries ?? 10_000,
    maxFileBytes: options.maxFileBytes ?? 1_048_576,
    validMs: options.validMs ?? 1000,
    now: options.now ?? (() => performance.now()),
  };
}
