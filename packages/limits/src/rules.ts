import { LimitsOptionError } from './errors.ts';
import { compileKey, type Key, type KeyReader } from './key.ts';
import { checkNames } from './known-names.ts';
import { REQUEST } from './leaky-bucket.ts';
import type { Limit } from './store.ts';

/** What all rules have. */
interface CommonRule {
  /**
   * What it is called in logs; and its state in the store: workers whose rules have the same name share it.
   * @default 'rule-1' and so on, by the order of the rules
   */
  readonly name?: string;
  /** By what requests are told apart. @default 'address' */
  readonly key?: Key;
  /** 429 Too Many Requests (RFC 6585 §4) or 503, nginx's. @default 429 */
  readonly status?: 429 | 503;
  /** Only say what would be refused or delayed. @default false */
  readonly dryRun?: boolean;
}

/** Requests a second: nginx's `limit_req`. */
export interface RequestRateRule extends CommonRule {
  /** From 0.001; `1 / 60` is one a minute. */
  readonly requestsPerSecond: number;
  /** So many requests may be ahead of the rate; more are refused. @default 0 */
  readonly burst?: number;
  /** So many of them pass at once, the others wait for their turn: nginx's `delay=`. @default 0 */
  readonly delay?: number;
  /** None has to wait: nginx's `nodelay`. @default false */
  readonly nodelay?: boolean;
}

/** Requests at a time. */
export interface ConcurrentRequestsRule extends CommonRule {
  readonly concurrentRequests: number;
}

/** Connections with a request under way, as nginx's `limit_conn` counts them. */
export interface ConcurrentConnectionsRule extends CommonRule {
  readonly concurrentConnections: number;
}

/** One limit. */
export type LimitRule = RequestRateRule | ConcurrentRequestsRule | ConcurrentConnectionsRule;

/** A rule, ready to be claimed. */
export interface CompiledRule {
  readonly limit: Limit;
  readonly keyOf: KeyReader;
  /** Whether requests of one connection count once. */
  readonly byConnection: boolean;
  readonly status: 429 | 503;
  readonly dryRun: boolean;
}

const MAX_NAME_LENGTH = 100;

const COMMON: Readonly<Record<keyof CommonRule, true>> = {
  name: true,
  key: true,
  status: true,
  dryRun: true,
};
/** What each kind of rule may say, by what it cannot do without. */
const KINDS = {
  requestsPerSecond: { requestsPerSecond: true, burst: true, delay: true, nodelay: true, ...COMMON },
  concurrentRequests: { concurrentRequests: true, ...COMMON },
  concurrentConnections: { concurrentConnections: true, ...COMMON },
} as const;

/** @throws LimitsOptionError that names the rule and the mend. */
export function compileRules(rules: readonly LimitRule[], dryRun: boolean): CompiledRule[] {
  const compiled = rules.map((rule, index) => compileRule(rule, rule.name ?? `rule-${index + 1}`, dryRun));
  const names = compiled.map(({ limit }) => limit.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new LimitsOptionError(`two rules are called '${twice}': they would share their state`);
  return compiled;
}

function compileRule(rule: LimitRule, name: string, dryRun: boolean): CompiledRule {
  if (name === '' || name.length > MAX_NAME_LENGTH || /[\s:]/.test(name)) {
    throw new LimitsOptionError(
      `'${name}' is no name of a rule: up to ${MAX_NAME_LENGTH} characters, no space, no colon`,
    );
  }
  checkKind(rule, name);
  const { status = 429 } = rule;
  if (status !== 429 && status !== 503) {
    throw new LimitsOptionError(`the status of ${name} must be 429 or 503, not ${String(status)}`);
  }
  return {
    limit: compileLimit(rule, name),
    keyOf: compileKey(rule.key),
    byConnection: 'concurrentConnections' in rule,
    status,
    dryRun: rule.dryRun ?? dryRun,
  };
}

/** A rule limits one thing, and says nothing that is not heard. */
function checkKind(rule: LimitRule, name: string): void {
  const kinds = Object.keys(KINDS).filter((kind) => Object.hasOwn(rule, kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    const has = kind === undefined ? 'limits nothing' : `has ${kinds.join(' and ')}`;
    throw new LimitsOptionError(`${name} ${has}: give it one of ${Object.keys(KINDS).join(', ')}`);
  }
  checkNames(rule, KINDS[kind as keyof typeof KINDS], name);
}

function compileLimit(rule: LimitRule, name: string): Limit {
  if ('requestsPerSecond' in rule) return compileRate(rule, name);
  const max = 'concurrentRequests' in rule ? rule.concurrentRequests : rule.concurrentConnections;
  if (!Number.isInteger(max) || max < 1) {
    throw new LimitsOptionError(`${name} must allow a whole number of at least 1 at a time, not ${max}`);
  }
  return { kind: 'concurrency', name, max };
}

function compileRate(rule: RequestRateRule, name: string): Limit {
  const { requestsPerSecond, burst = 0, nodelay = false } = rule;
  const delay = rule.delay ?? 0;
  const rate = Math.round(requestsPerSecond * REQUEST);
  if (!(rate >= 1 && rate <= Number.MAX_SAFE_INTEGER / REQUEST)) {
    throw new LimitsOptionError(
      `${name} must allow at least 0.001 requests a second, not ${requestsPerSecond}`,
    );
  }
  for (const [what, count] of [
    ['burst', burst],
    ['delay', delay],
  ] as const) {
    if (!Number.isSafeInteger(count * REQUEST) || !Number.isInteger(count) || count < 0) {
      throw new LimitsOptionError(`${what} of ${name} must be a whole number of requests, not ${count}`);
    }
  }
  if (nodelay && rule.delay !== undefined)
    throw new LimitsOptionError(`${name} has delay and nodelay: choose one`);
  return {
    kind: 'rate',
    name,
    rate,
    burst: burst * REQUEST,
    delay: nodelay ? Number.MAX_SAFE_INTEGER : delay * REQUEST,
  };
}
