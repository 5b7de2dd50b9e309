import { checkNumbers, withoutUndefined } from '../defaults.ts';
import { ProxyConfigError } from '../errors.ts';

/** How HTTP/2 is spoken with upstreams. */
export interface Http2Options {
  /** Requests at a time over one connection; fewer where the upstream allows fewer. @default 100 */
  readonly maxStreams?: number;
  /** Connections to each upstream; what finds no room waits for as long as a connection may take. @default 64 */
  readonly maxSessions?: number;
  /** How much of an answer an upstream may send ahead of its client: 65_535 or more. @default 262_144 */
  readonly windowBytes?: number;
  /** How much one connection may send ahead of being read, for all its answers: 65_535 or more. @default 1_048_576 */
  readonly sessionWindowBytes?: number;
  /** What the head of an answer may take, as RFC 9113 §6.5.2 counts it. @default 65_536 (that of HTTP/1.1's) */
  readonly maxHeadBytes?: number;
  /**
   * A connection with requests that is silent for so long is asked by PING whether it is alive; again every five minutes,
   * since gRPC's servers end connections that ask more often. 0 never. @default 30_000
   */
  readonly pingAfterMs?: number;
  /** A connection that does not answer a PING for so long is dead. @default 10_000 */
  readonly pingTimeoutMs?: number;
}

/** All of them, with their defaults. */
export type ResolvedHttp2 = Required<Http2Options>;

const DEFAULTS: ResolvedHttp2 = {
  maxStreams: 100,
  maxSessions: 64,
  windowBytes: 262_144,
  sessionWindowBytes: 1_048_576,
  maxHeadBytes: 65_536,
  pingAfterMs: 30_000,
  pingTimeoutMs: 10_000,
};

/** What HTTP/2 begins with, and the most that its field holds (RFC 9113 §6.9.1, §6.9.2). */
const LEAST_WINDOW_BYTES = 65_535;
const MOST_WINDOW_BYTES = 2 ** 31 - 1;

/** @throws ProxyConfigError for what makes no sense. */
export function resolveHttp2(options: Http2Options = {}): ResolvedHttp2 {
  const given = { ...DEFAULTS, ...withoutUndefined(options) };
  checkNumbers(given);
  for (const name of ['maxStreams', 'maxSessions', 'maxHeadBytes', 'pingTimeoutMs'] as const) {
    if (given[name] < 1) throw bad(`http2.${name} is 1 or more, not ${given[name]}`);
  }
  for (const name of ['windowBytes', 'sessionWindowBytes'] as const) {
    const value: unknown = given[name];
    const fits =
      Number.isInteger(value) && given[name] >= LEAST_WINDOW_BYTES && given[name] <= MOST_WINDOW_BYTES;
    if (!fits)
      throw bad(`http2.${name} is ${LEAST_WINDOW_BYTES} to ${MOST_WINDOW_BYTES}, not ${String(value)}`);
  }
  return given;
}

function bad(message: string): ProxyConfigError {
  return new ProxyConfigError(message, 'BAD_OPTION');
}
