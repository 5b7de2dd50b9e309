export type { CacheRule } from './cache-control.ts';
export type { ErrorAnswer } from './error-answer.ts';
export { FileChangedError, StaticCacheError, StaticCacheUsageError } from './errors.ts';
export type { StaticCacheOptions } from './options.ts';
export { staticCache } from './static-cache.ts';
