import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HttpCacheOptions } from '@highball/http-cache';
import type { Config, Route } from '../config.ts';

/** How the workers of a server are one cache. */
export interface CacheSharing {
  /** A folder for them alone, where the configuration names none. */
  readonly folder?: string;
  readonly workers: number;
}

/** The options of a route's cache; undefined: it has none. */
export function cacheOptions({ cache = false }: Route): HttpCacheOptions | undefined {
  if (cache === false) return undefined;
  return cache === true ? {} : cache;
}

/** The same, for one of several workers. */
export async function sharedOptions(
  route: Route,
  options: HttpCacheOptions,
  { folder, workers }: CacheSharing,
): Promise<HttpCacheOptions> {
  if (options.folder !== undefined) return { processes: workers, ...options };
  if (folder === undefined) return options;
  const { shareMemory } = await import('@highball/http-cache');
  return shareMemory(options, join(folder, folderName(route)), workers);
}

/** The routes whose caches are in the workers' own folder. */
export function sharingRoutes({ routes }: Config): Route[] {
  return routes.filter((route) => {
    const options = cacheOptions(route);
    return options !== undefined && options.folder === undefined;
  });
}

/** What is stored in the workers' own folder at most. */
export async function sharedBytes(config: Config, workers: number): Promise<number> {
  const { shareMemory } = await import('@highball/http-cache');
  return sharingRoutes(config)
    .map((route) => shareMemory(cacheOptions(route) ?? {}, '', workers).maxDiskBytes)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * What a route's part of the folder is called. After a reload that has changed a route nothing is found there that
 * was stored for another.
 */
export function folderName(route: Route): string {
  const text = JSON.stringify(route, (_, value: unknown) =>
    value instanceof RegExp || typeof value === 'function' ? String(value) : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
