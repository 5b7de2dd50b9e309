import { type HttpCacheOptions, NUMBERS } from './options.ts';

/** The part of each cache's memory that becomes a part of what all share. */
const SHARED = 1 / 2;

/**
 * The options with which caches of several processes are one, and all together take what they would take one by one:
 * each gives half of its memory to a folder that they share, which is best on a file system in memory, and stores
 * what it would store without one.
 *
 * @param options - those of one process; a `folder`, `maxDiskBytes` and `maxDiskEntries` are replaced.
 * @param folder - for these processes alone; whoever makes it removes it.
 * @param processes - how many share it.
 */
export function shareMemory(
  options: HttpCacheOptions,
  folder: string,
  processes: number,
): HttpCacheOptions & { readonly maxDiskBytes: number } {
  const { maxBytes, maxEntries, maxMemoryObjectBytes, maxObjectBytes } = { ...NUMBERS, ...options };
  return {
    ...options,
    folder,
    processes,
    maxBytes: Math.floor(maxBytes * (1 - SHARED)),
    maxEntries: Math.floor(maxEntries * (1 - SHARED)),
    maxDiskBytes: Math.floor(maxBytes * SHARED * processes),
    maxDiskEntries: Math.floor(maxEntries * SHARED * processes),
    maxObjectBytes: Math.min(maxObjectBytes, maxMemoryObjectBytes),
  };
}
