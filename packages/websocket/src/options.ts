import type { HeaderList } from '@highball/gateway-protocol';
import { type Clock, systemClock } from './clock.ts';
import { WebSocketUsageError } from './errors.ts';

/** How messages are compressed (RFC 7692). */
export interface DeflateOptions {
  /** Shorter messages are sent as they are. @default 1024 (the default of ws) */
  thresholdBytes?: number;
}

/** Options of a WebSocket. `Infinity` switches a deadline off. */
export interface WebSocketOptions {
  /**
   * Origins of other sites whose pages may open a WebSocket here, as in `'https://app.example.org'`; `'*'` lets
   * all of them. Browsers send cookies along and ask for no permission, so that a page of any site could speak
   * in the name of its visitor (cross-site WebSocket hijacking; RFC 6455 §10.2). The site's own pages always
   * may, and so may clients that send no Origin: they are no browsers. @default []
   */
  allowedOrigins?: '*' | readonly string[];
  /** What is spoken here, in the order of preference: the first that the client offers is chosen. @default [] */
  subprotocols?: readonly string[];
  /** More fields of the 101 response. @default [] */
  headers?: Readonly<HeaderList>;
  /** Bytes of a message, after decompression: 1009. @default 1_048_576 (the websockets library for Python) */
  maxPayloadBytes?: number;
  /** Messages that the application has not read yet; with more, the socket is not read from. @default 131_072 */
  receiveQueueBytes?: number;
  /**
   * What the peer has not taken yet; `send` waits while it is more. @default 65_536 (uWebSockets' maxBackpressure)
   */
  sendHighWaterBytes?: number;
  /**
   * A peer that lets more than that wait is cut off: the limit for those who send without awaiting.
   * @default 1_048_576
   */
  sendQueueBytes?: number;
  /** The peer is asked for a sign of life at this interval. @default 20_000 (uvicorn's ws_ping_interval) */
  pingIntervalMs?: number;
  /**
   * Without one it is cut off after so long, and so it is when it takes nothing of what waits for it.
   * @default 20_000 (uvicorn's ws_ping_timeout)
   */
  pongTimeoutMs?: number;
  /** So long the peer may take to answer a close frame. @default 10_000 (the websockets library for Python) */
  closeTimeoutMs?: number;
  /**
   * Compresses messages where the client offers it (RFC 7692). It costs memory and time, and shows the length of
   * secrets to those who can add to a message (as BREACH does). @default false
   */
  deflate?: boolean | DeflateOptions;
  /** Closes with 1001 (going away) when it is aborted, as does the server's `highball.draining`. @default none */
  signal?: AbortSignal;
  /** Time, for tests. @default the system's */
  clock?: Clock;
}

/** Options with their defaults. */
export interface ResolvedOptions extends Readonly<
  Required<Omit<WebSocketOptions, 'signal' | 'allowedOrigins' | 'deflate'>>
> {
  readonly allowedOrigins: '*' | ReadonlySet<string>;
  readonly deflate: Required<DeflateOptions> | undefined;
  readonly signal: AbortSignal | undefined;
}

const DEFAULTS = {
  maxPayloadBytes: 1_048_576,
  receiveQueueBytes: 131_072,
  sendHighWaterBytes: 65_536,
  sendQueueBytes: 1_048_576,
  pingIntervalMs: 20_000,
  pongTimeoutMs: 20_000,
  closeTimeoutMs: 10_000,
} as const;
/** Of these, `Infinity` would lift a limit that somebody relies on. */
const MUST_BE_FINITE: ReadonlySet<string> = new Set(['maxPayloadBytes', 'closeTimeoutMs']);
const DEFLATE_THRESHOLD_BYTES = 1024;

/** @throws WebSocketUsageError BAD_OPTION */
export function resolveOptions(options: WebSocketOptions): ResolvedOptions {
  const numbers: Record<keyof typeof DEFAULTS, number> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (!(value > 0) || (value === Number.POSITIVE_INFINITY && MUST_BE_FINITE.has(name))) {
      throw new WebSocketUsageError('BAD_OPTION', `${name} must be a number above 0, not ${value}`);
    }
    numbers[name] = value;
  }
  const { subprotocols = [], headers = [], deflate = false, clock = systemClock, signal } = options;
  return {
    ...numbers,
    allowedOrigins: resolveOrigins(options.allowedOrigins ?? []),
    subprotocols,
    headers,
    deflate: deflate === false ? undefined : resolveDeflate(deflate),
    signal,
    clock,
  };
}

function resolveDeflate(deflate: true | DeflateOptions): Required<DeflateOptions> {
  const { thresholdBytes = DEFLATE_THRESHOLD_BYTES } = deflate === true ? {} : deflate;
  if (thresholdBytes >= 0) return { thresholdBytes };
  throw new WebSocketUsageError('BAD_OPTION', `thresholdBytes must not be ${thresholdBytes}`);
}

function resolveOrigins(origins: '*' | readonly string[]): '*' | ReadonlySet<string> {
  if (origins === '*') return origins;
  for (const origin of origins) {
    // A slash at the end, or a path, would never match: better told now than found out in production.
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new WebSocketUsageError(
        'BAD_OPTION',
        `allowedOrigins takes origins as browsers send them, like 'https://app.example.org', not '${origin}'`,
      );
    }
  }
  return new Set(origins);
}
