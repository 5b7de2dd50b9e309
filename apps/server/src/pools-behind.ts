import { parseBind } from '@highball/prefork-master';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Pools } from './pools.ts';
import type { PrivateSockets } from './private-sockets.ts';
import type { UpstreamAddresses } from './site/upstreams.ts';
import type { ApplicationUpstream } from './upstream/config.ts';

/** Where the front finds what is behind it. */
export interface Behind {
  readonly addresses: UpstreamAddresses;
  /** The socket of the process that counts for all workers of the front, where there is something to count. */
  readonly keeper: string | undefined;
}

/** What the pools behind the front are started with. */
export interface BehindParts {
  readonly pools: Pools;
  readonly sockets: PrivateSockets;
  readonly log: Logger;
}

/** Starts what is behind the front, all at once: none needs another. @throws the error of the first that does not come up. */
export async function startBehind(config: Config, parts: BehindParts): Promise<Behind> {
  const [keeper, addresses] = await Promise.all([startKeeper(config, parts), startUpstreams(config, parts)]);
  return { keeper, addresses };
}

async function startKeeper({ limits }: Config, { pools, sockets }: BehindParts): Promise<string | undefined> {
  if (!limits?.rules?.length || limits.store !== undefined) return undefined;
  const path = await sockets.path('limits');
  await pools.start('limits', [parseBind(`unix:${path}`)], 1, { kind: 'keeper', pool: 'limits' });
  await sockets.give(path);
  return path;
}

async function startUpstreams({ upstreams = {} }: Config, parts: BehindParts): Promise<UpstreamAddresses> {
  const own = Object.entries(upstreams).filter(
    (entry): entry is [string, ApplicationUpstream] => 'app' in entry[1],
  );
  const started = own.map(async ([name, upstream], index) => {
    const instances = instancesOf(name, upstream, index);
    return [name, (await Promise.all(instances.map((each) => startInstance(each, parts)))).flat()];
  });
  return Object.fromEntries(await Promise.all(started)) as UpstreamAddresses;
}

/** One of several equal ones, with workers and a socket of its own. */
interface Instance {
  readonly pool: string;
  readonly name: string;
  readonly upstream: ApplicationUpstream;
  /** Short, for the name of its socket. */
  readonly number: string;
}

function instancesOf(name: string, upstream: ApplicationUpstream, index: number): Instance[] {
  const { instances = 1 } = upstream;
  return Array.from({ length: instances }, (_, i) => ({
    pool: instances === 1 ? name : `${name}-${i + 1}`,
    name,
    upstream,
    number: `${index}-${i}`,
  }));
}

/** It listens on a private socket, which costs a fifth less than the loopback. */
async function startInstance(
  { pool, name, upstream, number }: Instance,
  parts: BehindParts,
): Promise<string[]> {
  const { app, workers = 1 } = upstream;
  const path = await socketOf(pool, number, parts);
  const bind = path === undefined ? '127.0.0.1:0' : `unix:${path}`;
  const role = { kind: 'upstream' as const, app, pool, upstream: name };
  const master = await parts.pools.start(pool, [parseBind(bind)], workers, role);
  if (path !== undefined) await parts.sockets.give(path);
  return master
    .status()
    .addresses.map((address) => (address.startsWith('unix:') ? address : `http://${address}`));
}

/** Where nothing can be written for the moment, a port of the loopback that the kernel chooses has to do. */
async function socketOf(
  pool: string,
  number: string,
  { sockets, log }: BehindParts,
): Promise<string | undefined> {
  try {
    return await sockets.path(`pool-${number}`);
  } catch (err) {
    log.warn({ err }, `no folder for private sockets can be made: pool ${pool} listens on the loopback`);
    return undefined;
  }
}
