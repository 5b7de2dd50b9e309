export { BodyTooLargeError, LimitsError, LimitsOptionError, StoreError } from './errors.ts';
export type { LimitsErrorCode } from './errors.ts';
export type { StoreFailurePolicy } from './guard-store.ts';
export { createKeeper } from './keeper.ts';
export type { Keeper, KeeperOptions, KeeperTarget } from './keeper.ts';
export { keeperStore } from './keeper-store.ts';
export type { KeeperStoreOptions } from './keeper-store.ts';
export type { Key } from './key.ts';
export { limits } from './limits.ts';
export type { Limits } from './limits.ts';
export { memoryStore } from './memory-store.ts';
export type { MemoryStoreOptions } from './memory-store.ts';
export type { LimitsOptions } from './options.ts';
export { redisStore } from './redis-store.ts';
export type { RedisClient, RedisStoreOptions } from './redis-store.ts';
export type { LimitsLog } from './reporter.ts';
export type {
  ConcurrentConnectionsRule,
  ConcurrentRequestsRule,
  LimitRule,
  RequestRateRule,
} from './rules.ts';
export type { Claim, ConcurrencyLimit, Decision, Limit, LimitStore, RateLimit } from './store.ts';
export type { After } from './wait.ts';
