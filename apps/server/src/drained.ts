import type { Config } from './config.ts';

/** The servers that somebody has told to get no new requests, by their upstream. */
export type DrainedServers = { [upstream: string]: string[] };

/** Notes that a server is drained, or used again. */
export function noteDrained(
  drained: DrainedServers,
  { upstream, server, draining }: { upstream: string; server: string; draining: boolean },
): void {
  const others = (drained[upstream] ?? []).filter((each) => each !== server);
  if (draining) others.push(server);
  if (others.length > 0) drained[upstream] = others;
  else delete drained[upstream];
}

/** Forgets the servers that a configuration does not name any more: who comes back later is as good as new. */
export function forgetUnnamed(drained: DrainedServers, { upstreams = {} }: Config): void {
  for (const [name, servers] of Object.entries(drained)) {
    const upstream = upstreams[name];
    for (const server of servers) {
      if (!mayName(upstream, server)) noteDrained(drained, { upstream: name, server, draining: false });
    }
  }
}

/** Servers that are discovered come and go, and those of our own applications have their ports from the kernel. */
function mayName(upstream: NonNullable<Config['upstreams']>[string] | undefined, server: string): boolean {
  if (upstream === undefined) return false;
  if (!('servers' in upstream)) return true;
  return upstream.servers.some((each) => (typeof each === 'string' ? each : each.id) === server);
}
