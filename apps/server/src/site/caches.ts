import { resolve } from 'node:path';
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
import { type CacheSharing, sharedOptions } from './route-cache.ts';

/** The caches of a site's routes: one a route that asks for it. */
export class SiteCaches {
  readonly #caches: { readonly cache: HttpCache; readonly folder: string | undefined }[] = [];
  readonly #sharing: CacheSharing;

  constructor(sharing: CacheSharing = { workers: 1 }) {
    this.#sharing = sharing;
  }

  get size(): number {
    return this.#caches.length;
  }

  /** Makes the cache of a route, which is let go at the end. @param root - what its folder is relative to. */
  async create(
    route: Route,
    options: HttpCacheOptions,
    root: string,
    lifecycle: Lifecycle,
  ): Promise<HttpCache> {
    const shared = await sharedOptions(route, options, this.#sharing);
    const folder = shared.folder === undefined ? undefined : resolve(root, shared.folder);
    const { httpCache } = await import('@highball/http-cache');
    const cache = httpCache({ ...shared, ...(folder !== undefined && { folder }) });
    lifecycle.onStop(() => cache.close());
    this.#caches.push({ cache, folder });
    return cache;
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
