import type { Environ } from '@highball/gateway-protocol';
import { HttpCacheUsageError } from './errors.ts';
import type { NotStoredReason } from './storable.ts';

/** Options of {@link httpCache}. */
export interface HttpCacheOptions {
  /** Bytes in memory, in each worker: bodies, fields, and what it takes to find them. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /** Entries in memory. @default 50_000 */
  readonly maxEntries?: number;
  /** Bodies up to this size are kept in memory. @default 1_048_576 */
  readonly maxMemoryObjectBytes?: number;
  /** Bodies up to this size are stored at all, on disk. @default 104_857_600 (100 MiB) */
  readonly maxObjectBytes?: number;
  /**
   * A folder that all workers of a machine share: for the second tier, which survives a restart, and for
   * invalidations, which each must hear of. Nobody else should be able to write there. @default none
   */
  readonly folder?: string;
  /** Bytes in the folder; 0: it is for invalidations only. @default 1_073_741_824 (1 GiB) */
  readonly maxDiskBytes?: number;
  /** Entries in the folder. @default 100_000 */
  readonly maxDiskEntries?: number;
  /** Processes that share the folder: the more, the sooner each looks at how much there is in it. @default 4 */
  readonly processes?: number;
  /** How long an invalidation by another worker may go unseen; 0: every request looks. @default 50 */
  readonly invalidationDelayMs?: number;
  /** Variants of a resource (Vary); the oldest leaves. @default 64 */
  readonly maxVariants?: number;
  /** A response is stored when it was asked for so often (nginx's proxy_cache_min_uses). @default 1 */
  readonly minUses?: number;
  /**
   * How long a request waits for another that asks for the same; then it goes by itself (nginx's
   * proxy_cache_lock_timeout). 0: never waits. @default 5000
   */
  readonly collapseTimeoutMs?: number;
  /** How long it is remembered that a resource was not to be stored: nobody waits for such (Varnish). @default 120_000 */
  readonly hitForMissMs?: number;
  /** A fetch in the background must be over after so long. @default 60_000 */
  readonly backgroundTimeoutMs?: number;
  /** Where the origin says nothing: for how long a stale response may stand in for an error. @default 0 */
  readonly staleIfErrorSeconds?: number;
  /** Where the origin says nothing: for how long it is used stale while it is fetched anew. @default 0 */
  readonly staleWhileRevalidateSeconds?: number;
  /** The part of the time since Last-Modified that is taken for a lifetime; 0: none. @default 0.1 (RFC 9111 §4.2.2) */
  readonly heuristicFraction?: number;
  /** @default 86_400 (a day) */
  readonly maxHeuristicSeconds?: number;
  /** Targeted fields that this cache obeys, in order (RFC 9213). @default ['CDN-Cache-Control'] */
  readonly targets?: readonly string[];
  /**
   * Whether clients are heard that ask for more than what is stored (Cache-Control of the request, Pragma). Many
   * shared caches ignore it: it lets any client have the origin work. @default 'honour'
   */
  readonly requestDirectives?: 'honour' | 'ignore';
  /** Whether responses with Set-Cookie are stored: everybody gets the cookie then. @default false */
  readonly storeCookies?: boolean;
  /** Parameters of the query that no answer depends on, as `utm_source`. @default [] */
  readonly ignoredParameters?: readonly string[];
  /** Whether `?b&a` is `?a&b`. @default false */
  readonly sortQuery?: boolean;
  /** Response fields with tags for purging; they are not passed on. @default ['Cache-Tag', 'Surrogate-Key'] */
  readonly tagFields?: readonly string[];
  /** Tags of a response; more are ignored. @default 100 */
  readonly maxTags?: number;
  /** Requests that the cache must leave alone. @default none */
  readonly bypass?: (environ: Environ) => boolean;
  /** What this cache is called in Cache-Status (RFC 9211); false sends none. @default 'Highball' */
  readonly name?: string | false;
  /** Told what is not stored and why. @default nobody */
  readonly onNotStored?: (url: string, reason: NotStoredReason) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** Defaults of all that is a number. */
export const NUMBERS = {
  maxBytes: 67_108_864,
  maxEntries: 50_000,
  maxMemoryObjectBytes: 1_048_576,
  maxObjectBytes: 104_857_600,
  maxDiskBytes: 1_073_741_824,
  maxDiskEntries: 100_000,
  processes: 4,
  invalidationDelayMs: 50,
  maxVariants: 64,
  minUses: 1,
  collapseTimeoutMs: 5000,
  hitForMissMs: 120_000,
  backgroundTimeoutMs: 60_000,
  staleIfErrorSeconds: 0,
  staleWhileRevalidateSeconds: 0,
  heuristicFraction: 0.1,
  maxHeuristicSeconds: 86_400,
  maxTags: 100,
} as const;

type NumberName = keyof typeof NUMBERS;

/** Options with their defaults; names of fields in lower case. */
export type ResolvedOptions = Readonly<Record<NumberName, number>> & {
  readonly folder: string | undefined;
  readonly targets: readonly string[];
  readonly tagFields: ReadonlySet<string>;
  readonly honourRequests: boolean;
  readonly storeCookies: boolean;
  readonly ignoredParameters: ReadonlySet<string>;
  readonly sortQuery: boolean;
  readonly bypass: ((environ: Environ) => boolean) | undefined;
  readonly name: string | false;
  readonly onNotStored: ((url: string, reason: NotStoredReason) => void) | undefined;
  readonly now: () => number;
};

/** @throws HttpCacheUsageError BAD_OPTION when one makes no sense. */
export function resolveOptions(options: HttpCacheOptions): ResolvedOptions {
  const numbers: Record<NumberName, number> = { ...NUMBERS };
  for (const name of Object.keys(NUMBERS) as NumberName[]) {
    const value = options[name] ?? NUMBERS[name];
    if (!(value >= 0)) refuse(`${name} is a number from 0 on, not ${String(value)}`);
    numbers[name] = value;
  }
  const name = options.name ?? 'Highball';
  // A Token of Structured Fields.
  if (name !== false && !/^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(name)) refuse(`name '${name}' is no token`);
  return {
    ...numbers,
    folder: options.folder,
    targets: lower(options.targets ?? ['CDN-Cache-Control']),
    tagFields: new Set(lower(options.tagFields ?? ['Cache-Tag', 'Surrogate-Key'])),
    honourRequests: (options.requestDirectives ?? 'honour') === 'honour',
    storeCookies: options.storeCookies ?? false,
    ignoredParameters: new Set(options.ignoredParameters),
    sortQuery: options.sortQuery ?? false,
    bypass: options.bypass,
    name,
    onNotStored: options.onNotStored,
    now: options.now ?? Date.now,
  };
}

function lower(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase());
}

function refuse(message: string): never {
  throw new HttpCacheUsageError('BAD_OPTION', message);
}
