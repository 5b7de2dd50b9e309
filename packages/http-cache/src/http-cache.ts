import type { Application, Middleware } from '@highball/gateway-protocol';
import { CachedApplication } from './cache.ts';
import type { PurgeTarget } from './invalidations.ts';
import { type HttpCacheOptions, resolveOptions } from './options.ts';
import { type PurgeOptions, recordOf } from './purge.ts';
import { Store } from './store.ts';

/** What a cache holds in memory. */
export interface HttpCacheStats {
  readonly bytes: number;
  readonly entries: number;
}

/** Where it is looked for what a purge concerns. */
export interface CountOptions {
  /** Also in the folder, which workers share: one of them is to look there. @default true */
  readonly disk?: boolean;
}

/** How many responses a purge has concerned. */
export interface PurgeCount {
  /** In the memory of this worker. */
  readonly memory: number;
  /** In the folder. */
  readonly disk: number;
}

/** A cache: middleware, with what one does to a cache besides asking it. */
export interface HttpCache extends Middleware {
  /**
   * Purges, in this worker at once and in the others that share the folder within their `invalidationDelayMs`. What is
   * being fetched is concerned too.
   * @throws HttpCacheUsageError BAD_PURGE when the target is none; SharedFolderError when the others could not be told.
   */
  purge(target: PurgeTarget, options?: PurgeOptions): void;
  /**
   * Purges, and says how many responses were concerned: it looks at all that are stored, and what is gone leaves at
   * once. For people who want to know; `purge` costs the same for one response or a million.
   * @throws HttpCacheUsageError, SharedFolderError as `purge` does.
   */
  purgeAndCount(target: PurgeTarget, options?: PurgeOptions & CountOptions): Promise<PurgeCount>;
  stats(): HttpCacheStats;
  /** Resolves when what was begun on disk is done. */
  settled(): Promise<void>;
  /** Lets the folder go, when what was begun on disk is done. The cache must not be asked any more. */
  close(): Promise<void>;
}

/**
 * Makes a shared HTTP cache (RFC 9111) in front of an application.
 *
 * @throws HttpCacheUsageError BAD_OPTION when an option makes no sense; SharedFolderError when the folder cannot be
 *   used.
 */
export function httpCache(options: HttpCacheOptions = {}): HttpCache {
  const resolved = resolveOptions(options);
  const store = new Store(resolved);
  const middleware = (app: Application): Application => {
    const cached = new CachedApplication(app, store, resolved);
    return (environ, startResponse) => cached.handle(environ, startResponse);
  };
  return Object.assign(middleware, {
    purge: (target: PurgeTarget, how: PurgeOptions = {}) =>
      store.invalidate(recordOf(target, how, resolved, resolved.now())),
    async purgeAndCount(target: PurgeTarget, how: PurgeOptions & CountOptions = {}) {
      const record = recordOf(target, how, resolved, resolved.now());
      const memory = store.invalidateAndCount(record);
      return { memory, disk: how.disk === false ? 0 : await store.countOnDisk(record) };
    },
    stats: () => ({ bytes: store.bytes, entries: store.size }),
    settled: () => store.settled(),
    close: () => store.close(),
  });
}
