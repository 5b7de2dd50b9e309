import { Resolver } from 'node:dns/promises';
import { DiscoveryError } from '../errors.ts';
import type { PeerOptions } from '../peer.ts';
import type { Discovered, Source } from './source.ts';

/** An address with the seconds for which it holds. */
export interface AddressRecord {
  readonly address: string;
  readonly ttl: number;
}

/** The target of a service (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Who asks the DNS: node:dns' Resolver, or anything with its three methods. */
export interface DnsResolver {
  resolve4(name: string, options: { ttl: true }): Promise<AddressRecord[]>;
  resolve6(name: string, options: { ttl: true }): Promise<AddressRecord[]>;
  resolveSrv(name: string): Promise<ServiceRecord[]>;
}

/** Which addresses are asked for. */
export type AddressFamily = 4 | 6 | 'both';

export interface DnsOptions {
  /** The name of the servers, such as a headless service of Kubernetes. */
  readonly name: string;
  /** The port at which they listen. */
  readonly port: number;
  /** @default 'both' */
  readonly family?: AddressFamily;
  /** A peer's id. @default http://address:port */
  readonly id?: (address: string, port: number) => string;
  /** @default the system's DNS servers, 2 seconds a try, 2 tries */
  readonly resolver?: DnsResolver;
}

export interface SrvOptions {
  /** The name of the service: `_http._tcp.example.org`, `web.service.consul`. */
  readonly name: string;
  /** @default 'both' */
  readonly family?: AddressFamily;
  /** @default http://address:port */
  readonly id?: (address: string, port: number) => string;
  /** @default the system's DNS servers, 2 seconds a try, 2 tries */
  readonly resolver?: DnsResolver;
}

/** Not the minutes that c-ares takes by itself while a server is silent. */
const TRY_MS = 2000;
const TRIES = 2;

/** Answers that say: there are no such records, or not from this server. Everything else is a failure to ask. */
const NONE: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND', 'EREFUSED', 'ENOTIMP']);

/** The servers behind the A and AAAA records of a name, for as long as the shortest TTL. */
export function dnsSource(options: DnsOptions): Source {
  const { name, port, family = 'both', id = httpId, resolver = systemResolver() } = options;
  return {
    async find() {
      const records = await addressesOf(resolver, name, family);
      return {
        peers: unique(records.map(({ address }) => ({ id: id(address, port) }))),
        ttlMs: ttlOf(records),
      };
    },
  };
}

/**
 * The servers behind the SRV records of a name (RFC 2782): the lowest priority is chosen from by weight, the others
 * are backups. node:dns tells no TTL of SRV records, so that of the addresses counts, which their server sets alike.
 */
export function srvSource(options: SrvOptions): Source {
  const { name, family = 'both', id = httpId, resolver = systemResolver() } = options;
  return {
    async find(): Promise<Discovered> {
      const services = await orNone(resolver.resolveSrv(name), name);
      // A single target of "." says that the service is not there (RFC 2782).
      const targets = services.filter(({ name: target }) => target !== '' && target !== '.');
      if (targets.length === 0) throw new DiscoveryError('NO_RECORDS', `${name} has no SRV records`);
      const first = Math.min(...targets.map(({ priority }) => priority));
      const found = await Promise.allSettled(
        targets.map(({ name: target }) => addressesOf(resolver, target, family)),
      );
      const failed = found.find(isFailure) ?? (found.every(isRejected) ? found.find(isRejected) : undefined);
      if (failed !== undefined) throw failed.reason;
      const peers = targets.flatMap(({ port, weight, priority }, i) =>
        recordsOf(found[i]).map(({ address }) => ({
          id: id(address, port),
          // Weight 0 is a very small chance, not none.
          weight: Math.max(weight, 1),
          backup: priority > first,
        })),
      );
      return { peers: unique(peers), ttlMs: ttlOf(found.flatMap(recordsOf)) };
    },
  };
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected';
}

/** A target that could not be asked for, rather than one that has no addresses (any more). */
function isFailure(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return isRejected(result) && (result.reason as DiscoveryError).code === 'RESOLVE_FAILED';
}

function recordsOf(
  result: PromiseSettledResult<readonly AddressRecord[]> | undefined,
): readonly AddressRecord[] {
  return result?.status === 'fulfilled' ? result.value : [];
}

/** @throws DiscoveryError NO_RECORDS, RESOLVE_FAILED; the latter also when one family alone could not be asked. */
async function addressesOf(
  resolver: DnsResolver,
  name: string,
  family: AddressFamily,
): Promise<readonly AddressRecord[]> {
  const [v4, v6] = await Promise.all([
    family === 6 ? [] : orNone(resolver.resolve4(name, { ttl: true }), name),
    family === 4 ? [] : orNone(resolver.resolve6(name, { ttl: true }), name),
  ]);
  if (v4.length + v6.length === 0) throw new DiscoveryError('NO_RECORDS', `${name} has no addresses`);
  return [...v4, ...v6];
}

async function orNone<T>(asked: Promise<T[]>, name: string): Promise<T[]> {
  try {
    return await asked;
  } catch (error) {
    if (NONE.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    const message = error instanceof Error ? error.message : String(error);
    throw new DiscoveryError('RESOLVE_FAILED', `${name} could not be resolved: ${message}`, { cause: error });
  }
}

function ttlOf(records: readonly AddressRecord[]): number {
  return Math.min(...records.map(({ ttl }) => ttl)) * 1000;
}

/** Two names of a service may lead to one server: the first stays. */
function unique(peers: readonly PeerOptions[]): PeerOptions[] {
  const known = new Map<string, PeerOptions>();
  for (const peer of peers) if (!known.has(peer.id)) known.set(peer.id, peer);
  return [...known.values()];
}

function httpId(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function systemResolver(): DnsResolver {
  return new Resolver({ timeout: TRY_MS, tries: TRIES });
}
