import { performance } from 'node:perf_hooks';
import { BalancerConfigError, within } from './errors.ts';
import { Circuit, type CircuitOptions } from './health/circuit.ts';
import type { FailurePolicy } from './health/failures.ts';
import { type OutlierOptions, type OutlierPolicy, resolveOutliers } from './health/outliers.ts';
import type { PeerOptions } from './peer.ts';
import { createStrategy } from './strategy/create.ts';
import { STRATEGIES, type StrategyName } from './strategies.ts';
import { REPORT_MAX_AGE_MS } from './strategy/least-load.ts';
import { DECAY_MS } from './strategy/peak-ewma.ts';
import type { Random, Strategy } from './strategy/strategy.ts';

export interface BalancerOptions {
  readonly peers: readonly PeerOptions[];
  /** @default 'round-robin' */
  readonly strategy?: StrategyName;
  /** Failures within `failTimeoutMs` after which a peer is left out; 0 never. @default 1 (nginx) */
  readonly maxFails?: number;
  /** @default 10_000 (nginx) */
  readonly failTimeoutMs?: number;
  /** Over which time a peer that is new or back grows into its weight; not with hashing. @default 0 (nginx) */
  readonly slowStartMs?: number;
  /** Ejects peers that do worse than the others. @default none */
  readonly outliers?: OutlierOptions;
  /** When fewer of the peers than this are up and not ejected, all of them are chosen from. @default 0.5 (Envoy) */
  readonly panicThreshold?: number;
  /** Refuses requests at once when too many are under way or fail. @default none */
  readonly circuit?: CircuitOptions;
  /** Peak EWMA: how fast an answer is forgotten. @default 10_000 (Finagle) */
  readonly decayMs?: number;
  /** Least load: how old a report may be. @default 5_000 */
  readonly reportMaxAgeMs?: number;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
  /** Numbers from 0 up to, but without, 1. @default Math.random */
  readonly random?: Random;
}

/** nginx's fail_timeout, and its max_fails. */
const FAIL_TIMEOUT_MS = 10_000;
const MAX_FAILS = 1;
/** Envoy's healthy_panic_threshold. */
const PANIC_THRESHOLD = 0.5;

export interface ResolvedOptions {
  readonly makeStrategy: () => Strategy;
  readonly failures: FailurePolicy;
  readonly outliers: OutlierPolicy | undefined;
  readonly circuit: Circuit | undefined;
  readonly slowStartMs: number;
  readonly panicThreshold: number;
  readonly decayMs: number;
  readonly now: () => number;
}

/** @throws BalancerConfigError INVALID_OPTION */
export function resolveOptions(options: BalancerOptions): ResolvedOptions {
  const { strategy = 'round-robin', random = Math.random, outliers, circuit } = options;
  const decayMs = within('decayMs', options.decayMs ?? DECAY_MS, 1);
  const reportMaxAgeMs = within('reportMaxAgeMs', options.reportMaxAgeMs ?? REPORT_MAX_AGE_MS, 0);
  return {
    makeStrategy: () => {
      const made = createStrategy(strategy, { random, decayMs, reportMaxAgeMs });
      if (made !== undefined) return made;
      const problem = `there is no strategy '${strategy}'; there are ${STRATEGIES.join(', ')}`;
      throw new BalancerConfigError('INVALID_OPTION', problem);
    },
    failures: {
      maxFails: within('maxFails', options.maxFails ?? MAX_FAILS, 0),
      failTimeoutMs: within('failTimeoutMs', options.failTimeoutMs ?? FAIL_TIMEOUT_MS, 0),
    },
    outliers: outliers && resolveOutliers(outliers),
    circuit: circuit && new Circuit(circuit),
    slowStartMs: within('slowStartMs', options.slowStartMs ?? 0, 0),
    panicThreshold: within('panicThreshold', options.panicThreshold ?? PANIC_THRESHOLD, 0, 1),
    decayMs,
    now: options.now ?? (() => performance.now()),
  };
}
