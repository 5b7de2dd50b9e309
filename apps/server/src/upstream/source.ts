import { Resolver } from 'node:dns/promises';
import { resolve } from 'node:path';
import { BalancerConfigError } from '@highball/balancer';
import {
  dnsSource,
  type DnsResolver,
  fileSource,
  functionSource,
  type Source,
  srvSource,
} from '@highball/balancer/discovery';
import { parseUpstream } from '@highball/reverse-proxy/upstream';
import { messageOf } from '../errors.ts';
import type { Discover } from './config.ts';

/** What a silent DNS server may take: the worker that starts waits for the first answer. */
const DNS_TRY_MS = 2000;
const DNS_TRIES = 2;

/**
 * Where the peers of an upstream are found.
 * @param folder - what the name of a file is relative to.
 * @throws Error when a DNS server is none.
 */
export function createSource(discover: Discover, folder: string): Source {
  return checked(sourceOf(discover, folder));
}

function sourceOf(discover: Discover, folder: string): Source {
  if ('file' in discover) return fileSource({ path: resolve(folder, discover.file) });
  if ('find' in discover) {
    const { find, timeoutMs } = discover;
    return functionSource(find, timeoutMs === undefined ? {} : { timeoutMs });
  }
  const { protocol = 'http', family = 'both', resolver } = discover;
  const common = {
    family,
    id: (address: string, port: number) => `${protocol}://${hostOf(address)}:${port}`,
    ...(resolver && { resolver: resolverAt(resolver) }),
  };
  return 'srv' in discover
    ? srvSource({ name: discover.srv, ...common })
    : dnsSource({ name: discover.dns, port: discover.port, ...common });
}

/** An address that nobody can connect to is found here, and not by the first request that meets it. */
function checked(source: Source): Source {
  return {
    ...source,
    async find() {
      const found = await source.find();
      for (const { id } of found.peers) checkAddress(id);
      return found;
    },
  };
}

function checkAddress(id: string): void {
  try {
    parseUpstream(id);
  } catch (error) {
    throw new BalancerConfigError('INVALID_PEER', messageOf(error), { cause: error });
  }
}

function resolverAt(servers: readonly string[]): DnsResolver {
  const resolver = new Resolver({ timeout: DNS_TRY_MS, tries: DNS_TRIES });
  try {
    resolver.setServers(servers);
  } catch (error) {
    const problem = `discover.resolver '${servers.join(', ')}' names no DNS server; write an address, as 10.0.0.2 or 127.0.0.1:5353`;
    throw new Error(problem, { cause: error });
  }
  return resolver;
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
