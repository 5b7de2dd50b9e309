import { LINGER_MS } from './linger.ts';
import type { Exchange } from './exchange.ts';
import type { ResolvedOptions } from './options.ts';

/** Which deadline has passed. */
export type Expiry = 'idle' | 'head' | 'body' | 'request' | 'write' | 'linger';

/** What the deadlines must know of a connection. */
export interface Watched {
  readonly exchange: Exchange | undefined;
  readonly idle: boolean;
  readonly lingering: boolean;
  readonly unsentBytes: number;
  readonly writtenBytes: number;
  readonly since: number;
  flushedBytes: number;
  flushedAt: number;
}

/** A piece of this size may take the whole write timeout: the kernel does not tell how much of it has gone. */
const WRITE_PIECE_BYTES = 262_144;

/**
 * Which deadline of a connection has passed, if one has. Called for every connection about once a second: so no
 * request pays for a timer.
 */
export function expiryOf(
  connection: Watched,
  now: number,
  elapsedMs: number,
  options: ResolvedOptions,
  draining: boolean,
): Expiry | undefined {
  const sinceMs = now - connection.since;
  if (writeStalls(connection, now, options.writeTimeoutMs)) return 'write';
  if (connection.lingering) return sinceMs > LINGER_MS && connection.unsentBytes === 0 ? 'linger' : undefined;
  const { exchange } = connection;
  if (exchange !== undefined) return exchangeExpiry(exchange, now, elapsedMs, options);
  if (!connection.idle) return sinceMs > options.headTimeoutMs ? 'head' : undefined;
  const idleMs = draining
    ? Math.min(options.drainIdleMs, options.keepAliveTimeoutMs)
    : options.keepAliveTimeoutMs;
  return sinceMs > idleMs ? 'idle' : undefined;
}

function exchangeExpiry(
  exchange: Exchange,
  now: number,
  elapsedMs: number,
  options: ResolvedOptions,
): Expiry | undefined {
  const { requestTimeoutMs, bodyGraceMs, bodyMinBytesPerSecond } = options;
  if (requestTimeoutMs > 0 && now - exchange.startedAt > requestTimeoutMs) return 'request';
  const { input } = exchange;
  if (input === undefined || input.complete || exchange.owesContinue) return undefined;
  // A body is only late while there is room for it: an application that reads slowly is not the client's fault.
  if (input.waiting || exchange.responseComplete) exchange.bodyWaitMs += elapsedMs;
  if (exchange.bodyWaitMs <= bodyGraceMs) return undefined;
  return input.received * 1000 < exchange.bodyWaitMs * bodyMinBytesPerSecond ? 'body' : undefined;
}

function writeStalls(connection: Watched, now: number, writeTimeoutMs: number): boolean {
  const { unsentBytes } = connection;
  const flushed = connection.writtenBytes - unsentBytes;
  if (unsentBytes === 0 || flushed !== connection.flushedBytes) {
    connection.flushedBytes = flushed;
    connection.flushedAt = now;
    return false;
  }
  return now - connection.flushedAt > writeTimeoutMs * Math.max(1, unsentBytes / WRITE_PIECE_BYTES);
}
