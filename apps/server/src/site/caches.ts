import { resolve } from 'node:path';
import type * as Package from '@highball/http-cache';
import type {
  CountOptions,
  HttpCache,
  HttpCacheOptions,
  PurgeCount,
  PurgeOptions,
  PurgeTarget,
} from '@highball/http-cache';
import type { Lifecycle } from '../application/lifecycle.ts';
import type { Route } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { WorkerLog } from '../worker-log.ts';
import { type CacheSharing, sharedOptions } from './route-cache.ts';

interface OpenCache {
  readonly cache: HttpCache;
  readonly folder: string | undefined;
}

/** Where a cache is made. */
export interface CacheContext {
  /** What its folder is relative to. */
  readonly folder: string;
  /** It is let go at the end. */
  readonly lifecycle: Lifecycle;
  readonly log?: WorkerLog;
}

/** The caches of a site's routes: one a route that asks for it. */
export class SiteCaches {
  readonly #caches: OpenCache[] = [];
  readonly #sharing: CacheSharing;
  readonly #usesDisk: boolean;

  /** @param usesDisk - false for caches that nothing is to be stored in. */
  constructor(sharing: CacheSharing = { workers: 1 }, usesDisk = true) {
    this.#sharing = sharing;
    this.#usesDisk = usesDisk;
  }

  get size(): number {
    return this.#caches.length;
  }

  /**
   * Makes the cache of a route. A folder that cannot be used, as on a full disk, costs what it holds and no more: the
   * log says so, and the cache has its memory.
   * @throws HttpCacheUsageError when an option makes no sense.
   */
  async create(route: Route, options: HttpCacheOptions, context: CacheContext): Promise<HttpCache> {
    const { folder: named, ...shared } = await sharedOptions(route, options, this.#sharing);
    const folder = named === undefined || !this.#usesDisk ? undefined : resolve(context.folder, named);
    const made = open(await import('@highball/http-cache'), shared, folder, context.log);
    context.lifecycle.onStop(() => made.cache.close());
    this.#caches.push(made);
    return made.cache;
  }

  /** Purges in all of them. Where several share a folder, it is looked at once. */
  async purge(target: PurgeTarget, { soft, disk }: PurgeOptions & CountOptions): Promise<PurgeCount> {
    const total = { memory: 0, disk: 0 };
    const looked = new Set<string>();
    for (const { cache, folder } of this.#caches) {
      const looks = disk === true && folder !== undefined && !looked.has(folder);
      const count = await cache.purgeAndCount(target, { soft: soft === true, disk: looks });
      if (looks) looked.add(folder);
      total.memory += count.memory;
      total.disk += count.disk;
    }
    return total;
  }
}

function open(
  { httpCache, SharedFolderError }: typeof Package,
  options: HttpCacheOptions,
  folder: string | undefined,
  log: WorkerLog | undefined,
): OpenCache {
  if (folder === undefined) return { cache: httpCache(options), folder };
  try {
    return { cache: httpCache({ ...options, folder }), folder };
  } catch (error) {
    if (!(error instanceof SharedFolderError)) throw error;
    log?.warn(`${error.message}; this worker caches in its memory alone: ${messageOf(error.cause)}`);
    return { cache: httpCache(options), folder: undefined };
  }
}
