import type { CircuitOptions, OutlierOptions, PeerOptions, Strategy } from '@highball/balancer';
import type { AddressFamily, Discovered } from '@highball/balancer/discovery';
import type { HealthCheckOptions } from '@highball/balancer/health';
import type { PeerQueueOptions } from '@highball/balancer/queue';
import type { StickyOptions } from '@highball/balancer/sticky';
import type { Environ } from '@highball/gateway-protocol';
import type { ReverseProxyOptions } from '@highball/reverse-proxy';

/** How an upstream's peer is chosen: see @highball/balancer, which says which to choose when. */
export type Balance = Strategy;

/** How requests are passed on: see @highball/reverse-proxy. */
export type ForwardOptions = Omit<
  ReverseProxyOptions,
  'picker' | 'key' | 'prefer' | 'takeLoad' | 'log' | 'connect' | 'now' | 'batchWrites'
>;

/**
 * What the strategies that hash go by: the client's address, the path, the path with its query, the host, a field, a
 * cookie or a parameter of the query (nginx's `hash $key`, HAProxy's `balance hdr(name)`), or a function.
 */
export type HashKey =
  | 'address'
  | 'path'
  | 'uri'
  | 'host'
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly query: string }
  | ((environ: Environ) => string);

/** Asks each server again and again whether it is there (HAProxy's `check`); each worker asks for itself. */
export interface ActiveCheck extends Pick<
  HealthCheckOptions,
  'intervalMs' | 'jitter' | 'timeoutMs' | 'rise' | 'fall' | 'maxConcurrent'
> {
  /** What is asked for by GET. Without it, a server that accepts a connection is up. */
  readonly path?: string;
  /** The Host field. @default the server's address */
  readonly host?: string;
  /** The answers of a server that is up. @default 200 to 399 */
  readonly statuses?: readonly number[];
}

/** When a server is left alone. */
export interface HealthConfig {
  /** Failed requests within `failTimeoutMs` after which a server is left out for that time; 0 never. @default 1 (nginx) */
  readonly maxFails?: number;
  /** @default 10_000 (nginx) */
  readonly failTimeoutMs?: number;
  /** When fewer of the servers than this are up, all of them are used. @default 0.5 (Envoy) */
  readonly panicThreshold?: number;
  /** Checks from the outside: by HTTP where it has a `path`, else by TCP. @default none */
  readonly check?: ActiveCheck;
}

interface Following {
  /** How often to look where no TTL is told. @default 30_000 */
  readonly intervalMs?: number;
}

/** What servers that are discovered may speak. */
export const DISCOVERED_PROTOCOLS = [
  'http', 'https', 'h2c', 'h2', 'grpc', 'grpcs', 'uwsgi', 'fastcgi', 'scgi',
] as const; // prettier-ignore

interface DnsFollowing extends Following {
  /** What the servers speak. @default 'http' */
  readonly protocol?: (typeof DISCOVERED_PROTOCOLS)[number];
  /** Which addresses are asked for. @default 'both' */
  readonly family?: AddressFamily;
  /** DNS servers, `address` or `address:port` (nginx's `resolver`). @default the system's */
  readonly resolver?: readonly string[];
  /** A TTL below this is taken for this. @default 1000 */
  readonly minTtlMs?: number;
  /** A TTL above this is taken for this. @default 300_000 */
  readonly maxTtlMs?: number;
}

/** Where the servers of an upstream are found, again and again. */
export type Discover =
  /** The A and AAAA records of a name, looked up again when their TTL is over. */
  | (DnsFollowing & { readonly dns: string; readonly port: number })
  /** The SRV records of a name: ports and weights, and backups of a lower priority. */
  | (DnsFollowing & { readonly srv: string })
  /** Lines of `ADDRESS weight=2 max=100 backup`, or JSON; relative to the configuration, looked at when it changes. */
  | (Following & { readonly file: string })
  /** What a function finds. */
  | (Following & {
      readonly find: (signal: AbortSignal) => Promise<Discovered | readonly PeerOptions[]>;
      /** @default 10_000 */
      readonly timeoutMs?: number;
    });

/** Requests that wait while all servers have as many as they may: see `maxConnections`. */
export type QueueConfig = Pick<PeerQueueOptions, 'maxWaiting' | 'timeoutMs'>;

/** Sessions that stay at their server, by a signed cookie. */
export type StickyConfig = Omit<StickyOptions, 'now'>;

interface CommonUpstream {
  /** @default 'round-robin' */
  readonly balance?: Balance;
  /** @default 'address' */
  readonly hashBy?: HashKey;
  /** Timeouts, fields, buffering, mirrors, CGI variables… */
  readonly forward?: ForwardOptions;
  /** Requests of a worker at each server that names no number of its own. @default Infinity */
  readonly maxConnections?: number;
  /** @default passive, as nginx */
  readonly health?: HealthConfig;
  /** Ejects servers that do worse than the others. @default false */
  readonly outliers?: boolean | OutlierOptions;
  /** Refuses requests at once while too many are under way or fail. @default false */
  readonly circuit?: boolean | CircuitOptions;
  /** Over which time a server that is new or back grows into its share. @default 0 */
  readonly slowStartMs?: number;
  /** @default false: what finds no server is answered 503 at once */
  readonly queue?: boolean | QueueConfig;
  /** @default none */
  readonly sticky?: StickyConfig;
}

/** Servers that are already running somewhere. */
export interface ServersUpstream extends CommonUpstream {
  /**
   * `http://host:port`, `https://…`, `h2c://…`, `h2://…`, `grpc://…`, `grpcs://…`, `uwsgi://…`, `fastcgi://…`, `scgi://…`,
   * `unix:/path`, `h2c+unix:/path`, `uwsgi+unix:/path`…; as an object with a weight, as a backup, or with a bound.
   */
  readonly servers: readonly (string | PeerOptions)[];
}

/** Servers that come and go. */
export interface DiscoveredUpstream extends CommonUpstream {
  readonly discover: Discover;
}

/** An application that Highball runs itself, in processes of its own behind the balancer. */
export interface ApplicationUpstream extends CommonUpstream {
  /** `MODULE[:EXPORT]`, relative to the configuration. */
  readonly app: string;
  /** Servers to balance over, each with its own listening socket on the loopback. @default 1 */
  readonly instances?: number;
  /** Worker processes of each. @default 1 */
  readonly workers?: number;
}

/** A group of servers that answer the same requests. */
export type Upstream = ServersUpstream | DiscoveredUpstream | ApplicationUpstream;
