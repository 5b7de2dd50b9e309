import type { Application } from '@highball/gateway-protocol';
import { hostname } from 'node:os';
import { createHash } from 'node:crypto';
import { isToken } from '@highball/http-parser';
import { AllowList } from './allow-list.ts';
import { type Clock, systemClock } from './clock.ts';
import { Credentials, type Users } from './credentials.ts';
import { type Connect, connectByNet, type Resolve, resolveBySystem } from './dial.ts';
import { ForwardProxyConfigError } from './errors.ts';
import type { ForwardRecord } from './record.ts';

/** Options of {@link forwardProxy}. `Infinity` switches a limit off. */
export interface ForwardProxyOptions {
  /** Who may use it: a proxy for anyone must be asked for by that word. */
  readonly users: Users;
  /**
   * Destinations that may be reached: `example.com`, `*.example.com:8443`, `10.1.0.0/16:80,8000-8999`,
   * `[fd00::/8]:*`, `*`. Without ports: 443 for CONNECT, 80 and 443 otherwise. Private, loopback, link-local and
   * other special addresses are reached only if they are listed as addresses, whatever name leads there.
   */
  readonly allow: readonly string[];
  /** What answers requests that are not for a proxy. @default 400 */
  readonly fallback?: Application;
  /** Named to users who are asked for a password. @default 'proxy' */
  readonly realm?: string;
  /** What this proxy is called in Via, and knows itself by. @default 'highball-' and a hash of the host's name */
  readonly viaName?: string;
  /** What is under way at a time. Over it: 503. @default 1000 (gunicorn's worker_connections) */
  readonly maxConnections?: number;
  /** Of those, by one client (IPv6: one /64). Over it: 429. @default 128 (four times what Chromium opens to a proxy) */
  readonly maxConnectionsPerClient?: number;
  /** Bytes of a request and its answer, or of a tunnel, both ways together; then it is cut. @default Infinity */
  readonly maxBytes?: number;
  /** To find the destination and to connect. @default 60_000 (Squid's connect_timeout) */
  readonly connectTimeoutMs?: number;
  /** The longest silence of an origin. @default 60_000 (nginx's proxy_read_timeout) */
  readonly idleTimeoutMs?: number;
  /** The longest silence of a tunnel, both ways. @default 900_000 (Squid's read_timeout) */
  readonly tunnelIdleTimeoutMs?: number;
  /** The longest life of a tunnel or an exchange. @default 86_400_000 (Squid's client_lifetime) */
  readonly totalTimeoutMs?: number;
  /** So much silence ends a tunnel when the server drains. @default 2000 */
  readonly drainIdleMs?: number;
  /** Called once a request, or a tunnel, at its end. @default none */
  readonly onRecord?: (record: ForwardRecord) => void;
  /** Finds the addresses of a name. @default getaddrinfo, as all programs of the machine do */
  readonly resolve?: Resolve;
  /** Opens a connection; it must keep half-open ones. @default node:net */
  readonly connect?: Connect;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}

/** Options with their defaults. */
export interface ResolvedOptions extends Required<Omit<ForwardProxyOptions, 'users' | 'allow' | 'fallback'>> {
  readonly credentials: Credentials;
  readonly allow: AllowList;
  readonly fallback: Application | undefined;
}

const DEFAULT_LIMITS = {
  maxConnections: 1000,
  maxConnectionsPerClient: 128,
  maxBytes: Number.POSITIVE_INFINITY,
  connectTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  tunnelIdleTimeoutMs: 900_000,
  totalTimeoutMs: 86_400_000,
  drainIdleMs: 2000,
} as const;

/** @throws ForwardProxyConfigError */
export function resolveOptions(options: ForwardProxyOptions): ResolvedOptions {
  const limits: Record<keyof typeof DEFAULT_LIMITS, number> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]) {
    const value = options[name] ?? DEFAULT_LIMITS[name];
    if (!(value > 0)) throw badOption(`${name} must be more than 0, not ${value}`);
    limits[name] = value;
  }
  const { realm = 'proxy', viaName = defaultViaName() } = options;
  if (!isToken(viaName)) throw badOption(`viaName must be a token (RFC 9110 §5.6.2), not '${viaName}'`);
  if (!/^[ !#-[\]-~]*$/.test(realm)) throw badOption('realm must be printable ASCII without quotes');
  // A program without types must not get an open proxy by leaving something out.
  if (!options.users) throw badOption("users must be given; 'anyone' asks nobody");
  return {
    ...limits,
    realm,
    viaName,
    credentials: new Credentials(options.users),
    allow: new AllowList(options.allow),
    fallback: options.fallback,
    onRecord: options.onRecord ?? (() => undefined),
    resolve: options.resolve ?? resolveBySystem,
    connect: options.connect ?? connectByNet,
    clock: options.clock ?? systemClock,
  };
}

/** The same for all workers of a machine, so that a loop through another one is seen; the name itself is not told. */
function defaultViaName(): string {
  return `highball-${createHash('sha256').update(hostname()).digest('hex').slice(0, 12)}`;
}

function badOption(message: string): ForwardProxyConfigError {
  return new ForwardProxyConfigError('BAD_OPTION', message);
}
