import type { PeerOptions } from '@highball/balancer';
import type { Application, Environ } from '@highball/gateway-protocol';
import type { Config } from '../config.ts';
import type { DrainedServers } from '../drained.ts';
import type { Logger } from '../log.ts';
import type { ForwardOptions, Upstream } from '../upstream/config.ts';
import type { UpstreamGroup } from '../upstream/group.ts';
import type { UpstreamReport } from '../upstream/report.ts';
import { runsOwnCode } from './own-code.ts';

/** The addresses on which the applications of a configuration listen, by the upstream's name. */
export type UpstreamAddresses = Readonly<Record<string, readonly string[]>>;

/** All upstreams of a site. */
export class Upstreams {
  readonly #groups: readonly UpstreamGroup[];

  constructor(groups: readonly UpstreamGroup[]) {
    this.#groups = groups;
  }

  get size(): number {
    return this.#groups.length;
  }

  /**
   * The application of an upstream, undefined where there is none of this name.
   * @param forward - what of its ways to pass requests on is otherwise.
   */
  application(name: string, forward?: ForwardOptions): Application | undefined {
    return this.#groups.find((group) => group.name === name)?.application(forward);
  }

  /** Finds their servers and checks them; resolves when each is known to be there, or has taken too long. */
  async start(): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.start()));
  }

  report(): UpstreamReport[] {
    return this.#groups.map((group) => group.report());
  }

  /** The server that an upstream would choose for a request now. */
  choose(name: string, environ: Environ): string | undefined {
    return this.#groups.find((group) => group.name === name)?.choose(environ);
  }

  /** @returns whether there is such a server. */
  drain(name: string, server: string, draining: boolean): boolean {
    return this.#groups.find((group) => group.name === name)?.drain(server, draining) ?? false;
  }

  /** Drains these servers, also before they are there, and no others. */
  drainOnly(drained: DrainedServers): void {
    for (const group of this.#groups) group.drainOnly(drained[group.name] ?? []);
  }

  /** Looks for nothing and checks nobody any more. */
  rest(): void {
    for (const group of this.#groups) group.rest();
  }

  close(): void {
    for (const group of this.#groups) group.close();
  }
}

/**
 * Makes an application of each upstream: a balancer over its servers, and a proxy behind it.
 * @param addresses - of the upstreams that Highball runs itself.
 * @param folder - what the names in the configuration are relative to.
 * @throws CommandError when a server's address is none, or an option makes no sense.
 */
export async function createUpstreams(
  config: Config,
  { addresses, folder, log }: { addresses: UpstreamAddresses; folder: string; log: Logger },
): Promise<Upstreams> {
  const entries = Object.entries(config.upstreams ?? {});
  // Balancer and proxy are the largest packages: a server without upstreams has no use for them.
  if (entries.length === 0) return new Upstreams([]);
  const { UpstreamGroup } = await import('../upstream/group.ts');
  const { checkServers, named } = await import('../upstream/check-servers.ts');
  const batchWrites = !runsOwnCode(config);
  const groups = entries.map(([name, upstream]) => {
    const peers = peersOf(upstream, addresses[name] ?? []);
    checkServers(
      peers.map(({ id }) => id),
      name,
      upstream.forward?.proxyProtocol,
    );
    return named(name, () => new UpstreamGroup({ name, upstream, peers, folder, log, batchWrites }));
  });
  return new Upstreams(groups);
}

function peersOf(upstream: Upstream, addresses: readonly string[]): PeerOptions[] {
  const servers = 'servers' in upstream ? upstream.servers : addresses;
  return servers.map((server) => (typeof server === 'string' ? { id: server } : server));
}
