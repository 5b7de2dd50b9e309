import { LimitsOptionError } from './errors.ts';
import type { StoreFailurePolicy } from './guard-store.ts';
import { checkNames } from './known-names.ts';
import type { LimitsLog } from './reporter.ts';
import type { LimitRule } from './rules.ts';
import type { LimitStore } from './store.ts';
import { type After, systemAfter } from './wait.ts';

/** Options of `limits`. */
export interface LimitsOptions {
  /** All must be kept; a request that one refuses counts for none. @default none */
  rules?: readonly LimitRule[];
  /** Bytes of a request's body: 413. @default Infinity */
  maxBodyBytes?: number;
  /** Addresses and networks without any limit but that of the body. @default none */
  allow?: readonly string[];
  /** Where the counts are; closed with the limits. @default `memoryStore()`: each worker counts for itself */
  store?: LimitStore;
  /**
   * What happens while the store is away: requests pass (`open`), are refused with 503 (`closed`), or are counted by
   * each worker for itself (`local`). @default 'local'
   */
  onStoreFailure?: StoreFailurePolicy;
  /** A request waits for the store so long. @default 250 */
  storeDeadlineMs?: number;
  /** A store that has failed is asked again after so long, by one request. @default 1000 */
  storeRetryMs?: number;
  /** Of rules that do not say it themselves. @default false */
  dryRun?: boolean;
  /** Requests that wait for their turn at a time, in this process; more are refused. @default 1000 */
  maxDelayed?: number;
  /** Of each key, rule and action one line in so long. @default 60_000 */
  logPeriodMs?: number;
  /** @default warnings and errors on stderr */
  log?: LimitsLog;
  /** Milliseconds that only go forward, for tests. @default performance.now */
  now?: () => number;
  /** Calls back after a time, for tests. @default setTimeout */
  after?: After;
}

/** Options with their defaults. */
export type ResolvedOptions = Readonly<Required<Omit<LimitsOptions, 'store'>>>;

const KNOWN: Readonly<Record<keyof LimitsOptions, true>> = {
  rules: true,
  maxBodyBytes: true,
  allow: true,
  store: true,
  onStoreFailure: true,
  storeDeadlineMs: true,
  storeRetryMs: true,
  dryRun: true,
  maxDelayed: true,
  logPeriodMs: true,
  log: true,
  now: true,
  after: true,
};

const quiet: LimitsLog = {
  error: (message, details) => console.error(message, details),
  warn: (message, details) => console.warn(message, details),
  info: () => undefined,
};

/** @throws LimitsOptionError */
export function resolveOptions(options: LimitsOptions): ResolvedOptions {
  checkNames(options, KNOWN, 'limits');
  const resolved: ResolvedOptions = {
    rules: options.rules ?? [],
    maxBodyBytes: options.maxBodyBytes ?? Number.POSITIVE_INFINITY,
    allow: options.allow ?? [],
    onStoreFailure: options.onStoreFailure ?? 'local',
    // Far beyond what a keeper or a near Redis takes, also on a machine that is busy; and little for a client.
    storeDeadlineMs: options.storeDeadlineMs ?? 250,
    storeRetryMs: options.storeRetryMs ?? 1000,
    dryRun: options.dryRun ?? false,
    maxDelayed: options.maxDelayed ?? 1000,
    logPeriodMs: options.logPeriodMs ?? 60_000,
    log: options.log ?? quiet,
    now: options.now ?? (() => performance.now()),
    after: options.after ?? systemAfter,
  };
  for (const name of [
    'maxBodyBytes',
    'storeDeadlineMs',
    'storeRetryMs',
    'maxDelayed',
    'logPeriodMs',
  ] as const) {
    if (!(resolved[name] >= 0))
      throw new LimitsOptionError(`${name} must be at least 0, not ${resolved[name]}`);
  }
  if (!['open', 'closed', 'local'].includes(resolved.onStoreFailure)) {
    throw new LimitsOptionError(
      `onStoreFailure must be open, closed or local, not ${resolved.onStoreFailure}`,
    );
  }
  return resolved;
}
