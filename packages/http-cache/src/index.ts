export {
  HttpCacheError,
  HttpCacheUsageError,
  IncompleteResponseError,
  NoResponseError,
  SharedFolderError,
} from './errors.ts';
export { httpCache } from './http-cache.ts';
export type { CountOptions, HttpCache, HttpCacheStats, PurgeCount } from './http-cache.ts';
export type { PurgeTarget } from './invalidations.ts';
export type { KeyRules } from './key.ts';
export type { HttpCacheOptions } from './options.ts';
export { purgeFolder } from './purge.ts';
export type { PurgeOptions } from './purge.ts';
export { shareMemory } from './share-memory.ts';
export type { NotStoredReason } from './storable.ts';
