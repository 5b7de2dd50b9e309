import type { Application, Environ, HeaderList } from '@highball/gateway-protocol';
import { performance } from 'node:perf_hooks';
import type { SecureContextOptions } from 'node:tls';
import { checkNumbers, withoutUndefined } from './defaults.ts';
import { type Http2Options, type ResolvedHttp2, resolveHttp2 } from './http2/options.ts';
import { type CompiledRules, compileRules, type HeaderRules } from './header-rules.ts';
import { type Connect, connectTo } from './open.ts';
import { PathMap, type PathMapOptions } from './path-map.ts';
import type { CookieOptions } from './redirects.ts';
import { parseUpstream, type UpstreamTarget } from './upstream.ts';

/** How a request to a peer ended. `aborted`: the client left, which says nothing about the peer. */
export type Outcome = 'ok' | 'failed' | 'aborted';

/** What a choice may depend on. */
export interface PickRequest {
  /** What a choice by hash goes by. */
  readonly key: string;
  /** Peers that were tried for this request already. */
  readonly exclude: ReadonlySet<string>;
  readonly environ: Environ;
  /** The peer of this session, where one is known. */
  readonly prefer?: string | undefined;
}

/** What a peer tells of its own load (a balancer's LoadReport). */
export interface PeerLoad {
  /** How late its event loop runs, in milliseconds. */
  readonly delayMs: number;
  /** Requests that it has taken and not answered. */
  readonly queue: number;
}

/** What was seen of a peer in one request. */
export interface Observation {
  /** Milliseconds from the request to the head of the answer; of a failure, until it was known. */
  readonly rttMs?: number;
  /** What {@link ReverseProxyOptions.takeLoad} has found in the answer. */
  readonly load?: PeerLoad | undefined;
}

/** Somebody who chooses upstreams: a balancer, or anything with these two methods. */
export interface Picker<Peer extends { readonly id: string }> {
  /**
   * A peer, whose id is its address as {@link parseUpstream} reads it; undefined when there is none; or the promise of
   * one, from a queue. An error, thrown or by the promise, may have a `status`: 503, nobody could be had in time, or
   * 499, the client has left meanwhile. Any other is a defect.
   */
  pick(request: PickRequest): Peer | undefined | Promise<Peer | undefined>;
  /** @param seen - absent where nothing was seen: the client left, or the peer was not asked. */
  release(peer: Peer, outcome: Outcome, seen?: Observation): void;
}

/** Where the proxy says what went wrong. pino fits; the fields come first, as it has them. */
export interface Logger {
  warn(fields: object, message: string): void;
}

// Peers are opaque here: what was picked is what is released.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyPicker = Picker<any>;

/** How long each step may take, in milliseconds; 0 is no limit. */
export interface TimeoutOptions {
  /** @default 60_000 (nginx's proxy_connect_timeout) */
  readonly connectTimeoutMs?: number;
  /** From the end of the request to the head of the answer. @default readTimeoutMs */
  readonly firstByteTimeoutMs?: number;
  /** The longest silence within an answer. @default 60_000 (nginx's proxy_read_timeout) */
  readonly readTimeoutMs?: number;
  /** How long an upstream may take nothing of a request. @default 60_000 (nginx's proxy_send_timeout) */
  readonly sendTimeoutMs?: number;
  /** From the request to the end of its answer, retries included. @default 0 */
  readonly totalTimeoutMs?: number;
  /**
   * How long an unused connection is kept: shorter than the upstream keeps it. What its Keep-Alive field says, less a
   * second, shortens it. @default 4_000 (undici's; Node's servers close after 5 s)
   */
  readonly idleTimeoutMs?: number;
  /** The longest silence of a tunnel, both ways. @default 3_600_000 */
  readonly tunnelTimeoutMs?: number;
  /** How long 100 Continue is waited for before the body is sent all the same. @default 1_000 (curl's) */
  readonly expectTimeoutMs?: number;
}

/** TLS towards `https://` upstreams. */
export interface UpstreamTlsOptions extends Pick<
  SecureContextOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'ciphers' | 'minVersion'
> {
  /** The name to ask for and to verify. @default the upstream's host */
  readonly servername?: string;
  /** False trusts whoever answers: anybody on the way can read and change everything. @default true */
  readonly rejectUnauthorized?: boolean;
}

/** Keeping a request's body before it is sent: the upstream is not held up by slow clients, and PUT can be retried. */
export interface RequestBufferOptions {
  /** What is kept in memory; more goes to a file. @default 16_384 (nginx's client_body_buffer_size) */
  readonly maxMemoryBytes?: number;
  /** A longer body is 413. @default 1_073_741_824 */
  readonly maxBytes?: number;
  /** Where files are made, each without a name from the start. @default os.tmpdir() */
  readonly folder?: string;
}

/** Copies of requests to an upstream whose answers nobody gets. */
export interface MirrorOptions {
  /** Its address. */
  readonly upstream: string;
  /** Copies under way at a time; more are left out. @default 64 */
  readonly maxConcurrent?: number;
  /** Requests with a longer body are left out. @default 65_536 */
  readonly maxBodyBytes?: number;
  /** A copy that takes longer is given up. @default 10_000 */
  readonly timeoutMs?: number;
}

/** Options of {@link reverseProxy}. */
export interface ReverseProxyOptions<Peer extends { readonly id: string } = { readonly id: string }>
  extends TimeoutOptions, PathMapOptions, CookieOptions {
  readonly picker: Picker<Peer>;
  /** What a choice by hash goes by. @default REMOTE_ADDR */
  readonly key?: (environ: Environ) => string;
  /** The id of the peer that a request's session belongs to; told to the picker. @default none */
  readonly prefer?: (environ: Environ) => string | undefined;
  /**
   * Takes what a peer tells of its load out of the fields of its answer, so that no client sees it, as `takeLoad` of
   * a balancer does; told to the picker. @default none: such a field is one like any other
   */
  readonly takeLoad?: (fields: HeaderList) => PeerLoad | undefined;
  /** What this proxy is called in Via. @default 'highball' */
  readonly viaName?: string;
  /** The Host field: the client's, the upstream's own address, or a name. @default 'client' */
  readonly host?: 'client' | 'upstream' | { readonly name: string };
  /** Unused connections for each upstream; those that nobody needs end by `idleTimeoutMs`. @default 1024 (Envoy's bound) */
  readonly maxIdle?: number;
  readonly requestHeaders?: HeaderRules;
  readonly responseHeaders?: HeaderRules;
  /** Whether Location fields that name the upstream are made the client's. @default true */
  readonly rewriteRedirects?: boolean;
  /** Keeps bodies before they are sent. @default false; always for uwsgi and SCGI, FastCGI, when no length is known */
  readonly requestBuffering?: boolean | RequestBufferOptions;
  readonly mirror?: MirrorOptions;
  /** A second try of GET and HEAD at another peer when the first is silent for so long; within the retry budget. */
  readonly hedge?: { readonly delayMs: number };
  /** Authorities (`host:port`) for which CONNECT is passed on; everything else is 405. @default none */
  readonly allowConnect?: readonly string[];
  /** What answers for a path that the upstream names in X-Accel-Redirect. @default none: the field is dropped */
  readonly accelRedirect?: Application;
  /** A PROXY header (v1, v2) ahead of each connection; connections are not shared then. @default none */
  readonly proxyProtocol?: 1 | 2;
  readonly tls?: UpstreamTlsOptions;
  /** Towards `h2c://`, `h2://`, `grpc://` and `grpcs://` upstreams. */
  readonly http2?: Http2Options;
  /** DOCUMENT_ROOT for CGI protocols; without `scriptFilename`, SCRIPT_FILENAME is below it. */
  readonly documentRoot?: string;
  /** SCRIPT_FILENAME for CGI protocols: one program for all paths, as `/srv/app/index.php`. */
  readonly scriptFilename?: string;
  /** Further variables for CGI protocols, as nginx's fastcgi_param. */
  readonly params?: Readonly<Record<string, string>>;
  /** X-Request-Id kept or made, passed on and told to the client. @default true */
  readonly requestId?: boolean;
  /** traceparent made where none came. One that came is passed on in any case. @default false */
  readonly traceparent?: boolean;
  /** A Server-Timing field with the upstream's times. @default false */
  readonly serverTiming?: boolean;
  /** Tells trusted clients that send `X-Highball-Explain: 1` how their request was served. @default none */
  readonly explain?: { readonly isTrusted: (environ: Environ) => boolean };
  /** @default silent */
  readonly log?: Logger;
  readonly connect?: Connect;
  /**
   * Whether requests without a body wait for the end of the event loop's turn, a millisecond at most as long as nothing
   * else computes, to leave together: see async-worker's option of the same name. @default false
   */
  readonly batchWrites?: boolean;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

const DEFAULTS = {
  viaName: 'highball',
  connectTimeoutMs: 60_000,
  readTimeoutMs: 60_000,
  sendTimeoutMs: 60_000,
  totalTimeoutMs: 0,
  idleTimeoutMs: 4000,
  tunnelTimeoutMs: 3_600_000,
  expectTimeoutMs: 1000,
  maxIdle: 1024,
} as const;

const BUFFERING = { maxMemoryBytes: 16_384, maxBytes: 1_073_741_824, folder: undefined } as const;
const MIRROR = { maxConcurrent: 64, maxBodyBytes: 65_536, timeoutMs: 10_000 } as const;

/** Buffering with its defaults. */
export interface ResolvedBuffering {
  readonly maxMemoryBytes: number;
  readonly maxBytes: number;
  readonly folder: string | undefined;
}

/** A mirror with its defaults. */
export interface ResolvedMirror extends Required<Omit<MirrorOptions, 'upstream'>> {
  readonly target: UpstreamTarget;
}

/** All options with their defaults, compiled. */
export interface ResolvedOptions {
  readonly picker: AnyPicker;
  readonly key: (environ: Environ) => string;
  readonly prefer: ((environ: Environ) => string | undefined) | undefined;
  readonly takeLoad: ((fields: HeaderList) => PeerLoad | undefined) | undefined;
  readonly viaName: string;
  readonly host: 'client' | 'upstream' | { readonly name: string };
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly readTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly tunnelTimeoutMs: number;
  readonly expectTimeoutMs: number;
  readonly maxIdle: number;
  readonly paths: PathMap;
  readonly requestRules: CompiledRules;
  readonly responseRules: CompiledRules;
  readonly rewriteRedirects: boolean;
  readonly cookies: CookieOptions | undefined;
  /** Whether all bodies are kept; where they must be, they are kept by `buffer` too. */
  readonly bufferAlways: boolean;
  readonly buffer: ResolvedBuffering;
  readonly mirror: ResolvedMirror | undefined;
  readonly hedgeDelayMs: number | undefined;
  readonly allowConnect: ReadonlySet<string>;
  readonly accelRedirect: Application | undefined;
  readonly proxyProtocol: 1 | 2 | undefined;
  readonly http2: ResolvedHttp2;
  readonly documentRoot: string | undefined;
  readonly scriptFilename: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly requestId: boolean;
  readonly traceparent: boolean;
  readonly serverTiming: boolean;
  readonly explain: ((environ: Environ) => boolean) | undefined;
  readonly log: Logger;
  readonly connect: Connect;
  readonly batchWrites: boolean;
  readonly now: () => number;
}

/** @throws ProxyConfigError for what makes no sense. */
export function resolveOptions<Peer extends { readonly id: string }>(
  options: ReverseProxyOptions<Peer>,
): ResolvedOptions {
  const given = { ...DEFAULTS, ...withoutUndefined(options) };
  checkNumbers(given);
  const { requestBuffering = false, mirror } = options;
  return {
    ...given,
    picker: options.picker,
    key: options.key ?? ((environ) => environ.REMOTE_ADDR ?? ''),
    prefer: options.prefer,
    takeLoad: options.takeLoad,
    host: options.host ?? 'client',
    firstByteTimeoutMs: options.firstByteTimeoutMs ?? given.readTimeoutMs,
    paths: new PathMap(options),
    requestRules: compileRules(options.requestHeaders),
    responseRules: compileRules(options.responseHeaders),
    rewriteRedirects: options.rewriteRedirects ?? true,
    cookies: options.cookieDomain === undefined && options.cookiePath === undefined ? undefined : options,
    bufferAlways: requestBuffering !== false,
    buffer: { ...BUFFERING, ...(typeof requestBuffering === 'object' && withoutUndefined(requestBuffering)) },
    mirror: mirror && { ...MIRROR, ...withoutUndefined(mirror), target: parseUpstream(mirror.upstream) },
    hedgeDelayMs: options.hedge?.delayMs,
    allowConnect: new Set(options.allowConnect?.map((authority) => authority.toLowerCase())),
    accelRedirect: options.accelRedirect,
    proxyProtocol: options.proxyProtocol,
    http2: resolveHttp2(options.http2),
    documentRoot: options.documentRoot,
    scriptFilename: options.scriptFilename,
    params: options.params ?? {},
    requestId: options.requestId ?? true,
    traceparent: options.traceparent ?? false,
    serverTiming: options.serverTiming ?? false,
    explain: options.explain?.isTrusted,
    log: options.log ?? { warn: () => undefined },
    batchWrites: options.batchWrites ?? false,
    connect: options.connect ?? connectTo(options.tls),
    now: options.now ?? (() => performance.now()),
  };
}
