export type { CacheRule, StaticCacheOptions } from './options.ts';
export { staticCache } from './static-cache.ts';
