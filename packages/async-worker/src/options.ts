import type { EnvironOptions, ProxyVersion } from '@highball/environ';
import { consoleLog, type Environ, type HeaderList, type Log } from '@highball/gateway-protocol';
import type { ParserOptions } from '@highball/http-parser';
import { type Clock, systemClock } from './clock.ts';
import type { MakeErrorPage } from './error-page.ts';
import { WorkerOptionError } from './errors.ts';
import { METHODS } from './methods.ts';
import type { TlsOptions } from './tls/options.ts';

/** What is known of a request at its end. */
export interface ResponseRecord {
  environ: Environ;
  /** As in `'200 OK'`; empty when the application never began a response. */
  status: string;
  /** The fields that the application gave. */
  headers: HeaderList;
  /** Bytes of the body that were handed to the connection, without chunk framing. */
  bodyBytes: number;
  durationMs: number;
  /** False when the client left, or the connection was cut, before the response was whole. */
  complete: boolean;
}

/** Options of {@link createWorker}. `Infinity` switches a deadline or a limit off. */
export interface WorkerOptions {
  /** Keys, trust and mount point of `environ`. */
  environ?: EnvironOptions;
  /** Limits of request heads, and leniencies: see http-parser. */
  parser?: Omit<ParserOptions, 'maxBodyBytes'>;
  /** @default errors and warnings on stderr */
  log?: Log;
  /** Called once a request, at its end: for an access log. Without it no record is made. */
  onResponse?: (record: ResponseRecord) => void;
  /**
   * Makes the pages of refusals that the server answers by itself (400, 408, 413, 431, 500, 503…), which no
   * application sees: called with the status, and with the environ where one could be made of the request.
   * @default the status line as plain text
   */
  errorPage?: MakeErrorPage;
  /** Called with the number of open connections, after each that has come or gone: for balancing over workers. */
  onConnections?: (connections: number) => void;
  /** The Server field; false sends none. @default 'highball' */
  serverName?: string | false;
  /**
   * An idle connection is closed after so long; 0: every response closes. Must be longer than a proxy in front
   * keeps its connections idle (most: 60 s), or that one meets a closing one. @default 75_000 (nginx's
   * keepalive_timeout)
   */
  keepAliveTimeoutMs?: number;
  /** A request head must be complete within this time: 408. @default 20_000 (Apache's mod_reqtimeout) */
  headTimeoutMs?: number;
  /** A request body must come at this rate: 408. @default 500 (mod_reqtimeout) */
  bodyMinRateBytes?: number;
  /** So far a body may fall behind its rate. @default 20_000 (mod_reqtimeout) */
  bodyGraceMs?: number;
  /**
   * A client that takes nothing of its answer for so long is cut off, and one that falls so far behind
   * `writeMinRateBytes`. @default 60_000 (nginx's send_timeout)
   */
  writeTimeoutMs?: number;
  /** A client must take its answer at this rate, as far as it is there; 0 for none. @default 240 (IIS: minBytesPerSecond) */
  writeMinRateBytes?: number;
  /** A request must be answered within this time: 503, or the connection is cut. 0: never. @default 0 */
  requestTimeoutMs?: number;
  /** Connections at a time; beyond it accepting pauses. @default 1000 (gunicorn's worker_connections) */
  workerConnections?: number;
  /** Bytes of a request body: 413. @default Infinity */
  maxBodyBytes?: number;
  /**
   * Of a body that the application left unread, so many bytes are read and thrown away to keep the connection;
   * with more to come it is closed. @default 65_536
   */
  drainBodyBytes?: number;
  /**
   * What clients speak. `uwsgi` is for a web server in front (nginx's `uwsgi_pass`): a request a connection, and its
   * variables say who the client is. @default 'http'
   */
  protocol?: 'http' | 'uwsgi';
  /**
   * Whether clients may speak HTTP/2: those of a plain connection by beginning with it ("prior knowledge", RFC 9113
   * §3.3). Never with `protocol: 'uwsgi'`. @default true
   */
  http2?: boolean;
  /** Requests that a connection of HTTP/2 may have under way at a time. @default 128 (nginx's http2_max_concurrent_streams) */
  http2MaxStreams?: number;
  /**
   * The peers that may speak uwsgi; others get 403. Addresses, networks, `unix`, `*`.
   * @default ['127.0.0.1', '::1', 'unix'] (gunicorn's uwsgi_allow_ips, and its rule for Unix sockets)
   */
  uwsgiAllowIps?: readonly string[];
  /** Whether connections begin with a header of the PROXY protocol. @default 'off' */
  proxyProtocol?: 'off' | ProxyVersion;
  /** The peers that may, and then must, send one; others are closed. Addresses, networks, `unix`, `*`. @default [] */
  proxyAllowIps?: readonly string[];
  /** Certificates: with them TCP addresses speak TLS. @default none */
  tls?: TlsOptions;
  /** At a drain, an idle connection is kept so long, for a request that may be on its way. @default 2000 */
  drainIdleMs?: number;
  /**
   * Whether small answers wait for the end of the event loop's turn, a millisecond at most as long as nothing else
   * computes, to leave together: fewer changes between processes where client and server share a machine, as behind
   * a proxy. Not where applications may compute for long: an answer would wait for the next one's work. @default false
   */
  batchWrites?: boolean;
  /** Time, for tests. @default the system's */
  clock?: Clock;
}

/** Options with their defaults. */
export interface ResolvedOptions extends Readonly<
  Required<
    Omit<
      WorkerOptions,
      'errorPage' | 'onResponse' | 'onConnections' | 'environ' | 'parser' | 'maxBodyBytes' | 'tls'
    >
  >
> {
  readonly environ: EnvironOptions;
  readonly parser: ParserOptions;
  /** The methods that applications get; others are answered 501. */
  readonly methods: ReadonlySet<string>;
  readonly errorPage: MakeErrorPage | undefined;
  readonly onResponse: ((record: ResponseRecord) => void) | undefined;
  readonly onConnections: ((connections: number) => void) | undefined;
  readonly tls: TlsOptions | undefined;
}

const UWSGI_ALLOW_IPS = ['127.0.0.1', '::1', 'unix'];

const DEFAULTS = {
  keepAliveTimeoutMs: 75_000,
  headTimeoutMs: 20_000,
  bodyMinRateBytes: 500,
  bodyGraceMs: 20_000,
  writeTimeoutMs: 60_000,
  writeMinRateBytes: 240,
  requestTimeoutMs: 0,
  workerConnections: 1000,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  drainBodyBytes: 65_536,
  drainIdleMs: 2000,
  http2MaxStreams: 128,
} as const;

type NumberName = keyof typeof DEFAULTS;
const MAY_BE_ZERO: ReadonlySet<NumberName> = new Set([
  ...([
    'keepAliveTimeoutMs',
    'bodyMinRateBytes',
    'writeMinRateBytes',
    'requestTimeoutMs',
    'maxBodyBytes',
    'drainBodyBytes',
  ] as const),
  'drainIdleMs',
]);

/** @throws WorkerOptionError when a number makes no sense. */
export function resolveOptions(options: WorkerOptions): ResolvedOptions {
  const numbers: Record<NumberName, number> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as NumberName[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (!(value > 0 || (value === 0 && MAY_BE_ZERO.has(name)))) {
      throw new WorkerOptionError(
        `${name} must be ${MAY_BE_ZERO.has(name) ? '0 or ' : ''}more than 0, not ${value}`,
      );
    }
    numbers[name] = value;
  }
  if (options.protocol === 'uwsgi' && (options.proxyProtocol ?? 'off') !== 'off') {
    throw new WorkerOptionError("proxyProtocol must be 'off' with uwsgi, whose variables name the client");
  }
  if (options.protocol === 'uwsgi' && options.tls !== undefined) {
    throw new WorkerOptionError('tls does not go with uwsgi, which web servers in front speak plainly');
  }
  const { maxBodyBytes, ...rest } = numbers;
  // The methods are checked here and not by the parser, which would make a set of them for each connection.
  const { methods = METHODS, ...parser } = options.parser ?? {};
  return {
    ...rest,
    requestTimeoutMs: rest.requestTimeoutMs || Number.POSITIVE_INFINITY,
    environ: options.environ ?? {},
    parser: { ...parser, maxBodyBytes },
    methods: new Set(methods),
    log: options.log ?? consoleLog,
    errorPage: options.errorPage,
    onResponse: options.onResponse,
    onConnections: options.onConnections,
    tls: options.tls,
    serverName: options.serverName ?? 'highball',
    protocol: options.protocol ?? 'http',
    http2: (options.http2 ?? true) && options.protocol !== 'uwsgi',
    uwsgiAllowIps: options.uwsgiAllowIps ?? UWSGI_ALLOW_IPS,
    proxyProtocol: options.proxyProtocol ?? 'off',
    proxyAllowIps: options.proxyAllowIps ?? [],
    batchWrites: options.batchWrites ?? false,
    clock: options.clock ?? systemClock,
  };
}
