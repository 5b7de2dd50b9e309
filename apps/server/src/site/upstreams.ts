import { createBalancer } from '@highball/balancer';
import type { Application } from '@highball/gateway-protocol';
import { parseUpstream, reverseProxy } from '@highball/reverse-proxy';
import type { Config } from '../config.ts';
import { CommandError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

/** The addresses on which the applications of a configuration listen, by the upstream's name. */
export type UpstreamAddresses = Readonly<Record<string, readonly string[]>>;

/**
 * Makes an application of each upstream: a balancer over its servers, and a proxy behind it.
 * @param addresses - of the upstreams that Highball runs itself.
 * @throws CommandError when a server's address is none.
 */
export function createUpstreams(
  config: Config,
  addresses: UpstreamAddresses,
  log: Logger,
): ReadonlyMap<string, Application> {
  const entries = Object.entries(config.upstreams ?? {}).map(([name, upstream]) => {
    const servers = 'servers' in upstream ? upstream.servers : (addresses[name] ?? []);
    const peers = servers.map((server) => (typeof server === 'string' ? { id: server } : server));
    checkServers(
      peers.map(({ id }) => id),
      name,
    );
    const picker = createBalancer({ peers, strategy: upstream.balance ?? 'round-robin' });
    return [name, named(name, () => reverseProxy({ ...upstream.forward, picker, log }))] as const;
  });
  return new Map(entries);
}

/** What a package says of an option is said of the upstream that has it. */
function named(name: string, create: () => Application): Application {
  try {
    return create();
  } catch (error) {
    throw new CommandError(`upstream '${name}': ${messageOf(error)}`, { cause: error });
  }
}

/** @throws CommandError when a server's address is none. */
export function checkServers(servers: readonly string[], name: string): void {
  for (const server of servers) {
    try {
      parseUpstream(server);
    } catch (error) {
      throw new CommandError(`upstream '${name}': ${messageOf(error)}`, { cause: error });
    }
  }
}
