import type { EnvironOptions, ProxyVersion } from '@highball/environ';
import type { Environ } from '@highball/gateway-protocol';
import type { ParserOptions } from '@highball/http-parser';

/** Where a worker says what went wrong. pino fits; the fields come first, as it has them. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What is known of a request once its answer is complete. */
export interface ResponseRecord {
  environ: Environ;
  status: string;
  /** Bytes of the body that were sent, before any chunk framing. */
  bodyBytes: number;
  durationMs: number;
}

export interface WorkerOptions {
  /** Keys, trust and mount point of `environ`. */
  environ?: EnvironOptions;
  /** Limits of heads and leniencies of the parser. */
  parser?: Omit<ParserOptions, 'maxBodyBytes'>;
  /** @default silent */
  log?: Logger;
  /** Called when an answer is complete: for an access log. */
  onResponse?: (record: ResponseRecord) => void;
  /** The Server field; false sends none. @default 'highball' */
  serverName?: string | false;
  /** An idle connection is closed after so long: longer than a proxy in front keeps its own. @default 75_000 (nginx) */
  keepAliveTimeoutMs?: number;
  /** A request head must be complete within this time: 408. @default 20_000 (Apache's mod_reqtimeout) */
  headTimeoutMs?: number;
  /** A request body must come at this rate, once the grace is over: 408. @default 500 (mod_reqtimeout) */
  bodyMinBytesPerSecond?: number;
  /** @default 20_000 (mod_reqtimeout) */
  bodyGraceMs?: number;
  /** A client that takes nothing of its answer for so long is cut off. @default 60_000 (nginx's send_timeout) */
  writeTimeoutMs?: number;
  /** A request must be answered within this time: 503, or the connection is cut; 0 never. @default 0 */
  requestTimeoutMs?: number;
  /** Connections that are served at the same time; others wait. @default 1000 (gunicorn's worker_connections) */
  workerConnections?: number;
  /** Bytes of a request body: 413. @default Infinity */
  maxBodyBytes?: number;
  /** Of a body that the application left unread so much is thrown away; beyond it the connection closes. @default 65_536 */
  drainBodyBytes?: number;
  /** Whether connections begin with a header of the PROXY protocol. @default 'off' */
  proxyProtocol?: 'off' | ProxyVersion;
  /** The peers that may send one; others are cut off. @default [] */
  proxyAllowIps?: readonly string[];
  /** At a drain, an idle connection is kept so long for a request that may be on its way. @default 2000 */
  drainIdleMs?: number;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  now?: () => number;
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The methods of IANA's registry that anyone implements; others get 501 (RFC 9110 §9.1). */
const METHODS = [
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH', 'QUERY', 'PURGE'],
  ...[
    'ACL',
    'BIND',
    'CHECKIN',
    'CHECKOUT',
    'COPY',
    'LINK',
    'LOCK',
    'MERGE',
    'MKACTIVITY',
    'MKCALENDAR',
    'MKCOL',
  ],
  ...['MOVE', 'PROPFIND', 'PROPPATCH', 'REBIND', 'REPORT', 'SEARCH', 'UNBIND', 'UNLINK', 'UNLOCK'],
];

/** Options with their defaults. */
export type ResolvedOptions = Required<Omit<WorkerOptions, 'onResponse' | 'environ' | 'parser'>> & {
  readonly onResponse: WorkerOptions['onResponse'];
  readonly environ: EnvironOptions;
  readonly parser: ParserOptions;
};

export function resolveOptions(options: WorkerOptions): ResolvedOptions {
  const maxBodyBytes = options.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  return {
    environ: options.environ ?? {},
    parser: { methods: METHODS, ...options.parser, maxBodyBytes },
    log: options.log ?? silent,
    onResponse: options.onResponse,
    serverName: options.serverName ?? 'highball',
    keepAliveTimeoutMs: options.keepAliveTimeoutMs ?? 75_000,
    headTimeoutMs: options.headTimeoutMs ?? 20_000,
    bodyMinBytesPerSecond: options.bodyMinBytesPerSecond ?? 500,
    bodyGraceMs: options.bodyGraceMs ?? 20_000,
    writeTimeoutMs: options.writeTimeoutMs ?? 60_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 0,
    workerConnections: options.workerConnections ?? 1000,
    maxBodyBytes,
    drainBodyBytes: options.drainBodyBytes ?? 65_536,
    proxyProtocol: options.proxyProtocol ?? 'off',
    proxyAllowIps: options.proxyAllowIps ?? [],
    drainIdleMs: options.drainIdleMs ?? 2000,
    now: options.now ?? (() => performance.now()),
  };
}
