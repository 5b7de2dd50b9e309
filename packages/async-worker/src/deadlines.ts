import type { ResolvedOptions } from './options.ts';

/** What a connection is doing. */
export type Stage =
  /** It has said nothing of its first request. */
  | 'first'
  /** It has been answered, and says nothing. */
  | 'idle'
  /** A request head has begun. */
  | 'head'
  /** A request is under way. */
  | 'exchange'
  /** It has to take answers before its next request is looked at. */
  | 'blocked'
  /** It has got its last answer. */
  | 'lingering';

/** Which deadline has passed. */
export type Expiry = 'idle' | 'head' | 'body' | 'request' | 'write';

/** What the deadlines must know of a connection. */
export interface Watched {
  readonly stage: Stage;
  /** When the stages `first`, `idle` and `head` began. */
  readonly since: number;
  readonly exchange: WatchedExchange | undefined;
  readonly output: { lateMs(now: number, minRateBytes: number): number };
}

/** What they must know of a request under way. */
export interface WatchedExchange {
  readonly startedAt: number;
  readonly owesContinue: boolean;
  readonly input:
    | { readonly received: number; readonly complete: boolean; readonly full: boolean }
    | undefined;
  bodyBudgetMs: number;
  countedBytes: number;
}

/**
 * Which deadline of a connection has passed, if one has. Asked for every connection about once a second, so that
 * no request pays for a timer.
 * @param elapsedMs - since it was last asked.
 * @param drainingSince - when the worker began to stop.
 */
export function expiryOf(
  connection: Watched,
  now: number,
  elapsedMs: number,
  options: ResolvedOptions,
  drainingSince: number | undefined,
): Expiry | undefined {
  if (connection.output.lateMs(now, options.writeMinRateBytes) > options.writeTimeoutMs) return 'write';
  const { stage, since, exchange } = connection;
  if (stage === 'exchange' && exchange !== undefined)
    return exchangeExpiry(exchange, now, elapsedMs, options);
  if (stage === 'head') return now - since > options.headTimeoutMs ? 'head' : undefined;
  if (stage !== 'idle' && stage !== 'first') return undefined;
  if (now - since > (stage === 'idle' ? options.keepAliveTimeoutMs : options.headTimeoutMs)) return 'idle';
  if (drainingSince === undefined) return undefined;
  return now - Math.max(since, drainingSince) > options.drainIdleMs ? 'idle' : undefined;
}

function exchangeExpiry(
  exchange: WatchedExchange,
  now: number,
  elapsedMs: number,
  options: ResolvedOptions,
): Expiry | undefined {
  if (now - exchange.startedAt > options.requestTimeoutMs) return 'request';
  return isBodyLate(exchange, elapsedMs, options) ? 'body' : undefined;
}

/**
 * For how long the client has held up the request under way: taken nothing of its answer, or fallen behind the
 * least rate of either body.
 */
export function heldUpMs(connection: Watched, now: number, options: ResolvedOptions): number {
  const { exchange, output } = connection;
  const lateMs = output.lateMs(now, options.writeMinRateBytes);
  if (exchange === undefined || !waitsForBody(exchange, options)) return lateMs;
  return Math.max(lateMs, options.bodyGraceMs - exchange.bodyBudgetMs);
}

/**
 * Keeps a budget of waiting, as a leaky bucket: time that the client lets pass takes from it, bytes at the minimum
 * rate give back, up to the grace. So a client can fall behind by the grace, but cannot save up.
 */
function isBodyLate(exchange: WatchedExchange, elapsedMs: number, options: ResolvedOptions): boolean {
  const { input } = exchange;
  if (input === undefined || !waitsForBody(exchange, options)) return false;
  const { bodyMinRateBytes, bodyGraceMs } = options;
  const earnedMs = ((input.received - exchange.countedBytes) * 1000) / bodyMinRateBytes;
  exchange.countedBytes = input.received;
  exchange.bodyBudgetMs = Math.min(bodyGraceMs, exchange.bodyBudgetMs + earnedMs - elapsedMs);
  return exchange.bodyBudgetMs < 0;
}

/** An application that reads slowly, and a 100 that is still owed, are not the client's fault. */
function waitsForBody({ input, owesContinue }: WatchedExchange, options: ResolvedOptions): boolean {
  return (
    input !== undefined && !input.complete && !input.full && !owesContinue && options.bodyMinRateBytes !== 0
  );
}
