import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Balancer,
  type BalancerOptions,
  createBalancer,
  type PeerOptions,
  takeLoad,
} from '@highball/balancer';
import { discover, type DiscoverOptions, type Discovery, type Source } from '@highball/balancer/discovery';
import type { HealthChecks, HealthEvent } from '@highball/balancer/health';
import { createPeerQueue, type PeerQueue } from '@highball/balancer/queue';
import type { Application, Environ } from '@highball/gateway-protocol';
import { reverseProxy } from '@highball/reverse-proxy';
import { checkPreface, parseUpstream } from '@highball/reverse-proxy/upstream';
import type { Logger } from '../log.ts';
import { problemOfCheck, startChecks } from './checks.ts';
import type { ForwardOptions, Upstream } from './config.ts';
import { compileHashKey, type ReadKey } from './hash-key.ts';
import { UpstreamPicker } from './picker.ts';
import { reportUpstream, type UpstreamReport } from './report.ts';
import { createSource } from './source.ts';
import { Stickiness } from './sticky.ts';

/** A worker that starts waits so long for its servers to be found and checked, and then serves all the same. */
const START_MS = 5000;

/** What an upstream is made of. */
export interface GroupOptions {
  readonly name: string;
  readonly upstream: Upstream;
  /** Its servers, as far as they are known beforehand. */
  readonly peers: readonly PeerOptions[];
  /** What the names in it are relative to. */
  readonly folder: string;
  readonly log: Logger;
  /** Whether requests wait for the end of the loop's turn, to leave together. */
  readonly batchWrites: boolean;
}

/**
 * One upstream within a worker: the servers that it has, which of them get requests, and the proxy to them. Each
 * worker finds and checks them for itself: what it cannot reach it does not use, and no process stands between them.
 */
export class UpstreamGroup {
  readonly name: string;
  readonly #options: GroupOptions;
  readonly #app: Application;
  readonly #balancer: Balancer;
  readonly #picker: UpstreamPicker;
  readonly #keyOf: ReadKey;
  readonly #queue: PeerQueue | undefined;
  readonly #sticky: Stickiness | undefined;
  readonly #source: Source | undefined;
  /** What active checks have found wrong, by the server's address. */
  readonly #problems = new Map<string, string>();
  /** Servers that are to get no new requests, also those that are not there at the moment. */
  readonly #draining = new Set<string>();
  #discovery: Discovery | undefined;
  #checks: HealthChecks | undefined;

  /** @throws an error of the packages, when an option makes no sense. */
  constructor(options: GroupOptions) {
    const { name, upstream, peers, folder } = options;
    this.name = name;
    checkTogether(upstream);
    this.#options = options;
    this.#balancer = createBalancer(balancerOptions(upstream, this.#bounded(peers)));
    const { queue = false, sticky, hashBy } = upstream;
    this.#keyOf = compileHashKey(hashBy);
    this.#queue = queue === false ? undefined : createPeerQueue(this.#balancer, queue === true ? {} : queue);
    this.#sticky = sticky && new Stickiness(sticky);
    this.#picker = new UpstreamPicker(this.#balancer, {
      queue: this.#queue,
      prefer: this.#sticky?.prefer,
    });
    this.#source = 'discover' in upstream ? createSource(upstream.discover, folder) : undefined;
    this.#checkChecks(peers);
    this.#app = this.#createApplication(upstream.forward);
    this.#sticky?.setIds(peers.map(({ id }) => id));
  }

  /**
   * What answers for the upstream. Whoever passes requests on otherwise has connections of its own to the same servers,
   * and shares all that is known of them.
   * @throws ProxyConfigError when an option makes no sense.
   */
  application(forward?: ForwardOptions): Application {
    if (forward === undefined) return this.#app;
    return this.#createApplication({ ...this.#options.upstream.forward, ...forward });
  }

  /** Finds the servers and checks each once, or does so later when that takes too long. */
  async start(): Promise<void> {
    const { upstream } = this.#options;
    const soon = new AbortController();
    const late = sleep(START_MS, undefined, { signal: soon.signal }).catch(() => undefined);
    if (this.#source !== undefined) {
      this.#discovery = this.#discover(this.#source);
      await Promise.race([this.#discovery.ready, late]);
    }
    if (upstream.health?.check !== undefined) {
      this.#checks = startChecks(this.#balancer, upstream.health.check, {
        tls: upstream.forward?.tls,
        onChange: (event) => this.#onHealth(event),
      });
      await Promise.race([this.#checks.ready, late]);
    }
    soon.abort();
  }

  /** Looks for nothing and checks nobody any more; what is under way goes on. */
  rest(): void {
    this.#discovery?.close();
    this.#checks?.close();
  }

  /** Refuses who still waits. */
  close(): void {
    this.rest();
    this.#queue?.close();
  }

  /** Lets a server finish what it has, or use it again. @returns whether it is there. */
  drain(id: string, draining: boolean): boolean {
    if (draining) this.#draining.add(id);
    else this.#draining.delete(id);
    const isThere = this.#balancer.peers().some((peer) => peer.id === id);
    if (isThere) this.#balancer.drain(id, draining);
    return isThere;
  }

  /** Drains these servers and no others. */
  drainOnly(ids: readonly string[]): void {
    for (const id of this.#draining) if (!ids.includes(id)) this.drain(id, false);
    for (const id of ids) this.drain(id, true);
  }

  /** The server that would be chosen for a request now; nothing is sent there. */
  choose(environ: Environ): string | undefined {
    const peer = this.#balancer.pick({ key: this.#keyOf(environ) });
    if (peer !== undefined) this.#balancer.release(peer, 'aborted');
    return peer?.id;
  }

  report(): UpstreamReport {
    const { name, upstream } = this.#options;
    return reportUpstream({
      name,
      balance: upstream.balance ?? 'round-robin',
      balancer: this.#balancer,
      waiting: this.#queue?.waiting ?? 0,
      failures: this.#picker.failures,
      problems: this.#problems,
    });
  }

  #createApplication(forward: ForwardOptions | undefined): Application {
    const { upstream, peers, log, batchWrites } = this.#options;
    for (const { id } of peers) checkPreface(id, parseUpstream(id), forward?.proxyProtocol);
    const proxy = reverseProxy({
      ...forward,
      picker: this.#picker,
      key: this.#keyOf,
      batchWrites,
      // Whose word counts for nothing may not draw requests to itself, and is passed on.
      ...(upstream.balance === 'least-load' && { takeLoad }),
      log,
    });
    return this.#sticky?.wrap(proxy) ?? proxy;
  }

  #discover(source: Source): Discovery {
    const { upstream, log, name } = this.#options;
    return discover(source, {
      ...('discover' in upstream && timesOf(upstream.discover)),
      onPeers: (peers) => this.#takePeers(peers),
      onError: ({ code, message }) =>
        log.warn({ upstream: name, code }, `upstream '${name}': its servers stay as they are: ${message}`),
    });
  }

  /** @throws BalancerConfigError when they make no sense: the old ones stay. */
  #takePeers(peers: readonly PeerOptions[]): void {
    const { log, name } = this.#options;
    this.#checkChecks(peers);
    this.#balancer.setPeers(this.#bounded(peers));
    const ids = new Set(peers.map(({ id }) => id));
    for (const id of this.#draining) if (ids.has(id)) this.#balancer.drain(id);
    for (const id of this.#problems.keys()) if (!ids.has(id)) this.#problems.delete(id);
    this.#picker.keepOnly(ids);
    this.#sticky?.setIds([...ids]);
    this.#checks?.refresh();
    log.info({ upstream: name, servers: ids.size }, `upstream '${name}' has ${ids.size} servers`);
  }

  #onHealth({ id, health, problem }: HealthEvent): void {
    const { log, name } = this.#options;
    if (problem === undefined) this.#problems.delete(id);
    else this.#problems.set(id, problem);
    const text = `upstream '${name}': ${id} is ${health}${problem === undefined ? '' : `: ${problem}`}`;
    log[health === 'up' ? 'info' : 'warn']({ upstream: name, server: id, health }, text);
  }

  /** Gives the bound of the upstream to those that have none of their own. */
  #bounded(peers: readonly PeerOptions[]): readonly PeerOptions[] {
    const { maxConnections } = this.#options.upstream;
    return maxConnections === undefined ? peers : peers.map((peer) => ({ maxConnections, ...peer }));
  }

  #checkChecks(peers: readonly PeerOptions[]): void {
    const check = this.#options.upstream.health?.check;
    if (check === undefined) return;
    for (const { id } of peers) {
      const problem = problemOfCheck(check, id);
      if (problem !== undefined) throw new Error(problem);
    }
  }
}

/** The strategies that hash, but for nginx's, which knows addresses alone. */
const HASHING: readonly string[] = ['ip-hash', 'ketama', 'maglev', 'rendezvous'];

/** What the keys of an upstream cannot say one by one. @throws Error that names them and the mend. */
function checkTogether({ balance = 'round-robin', hashBy, health, ...upstream }: Upstream): void {
  if (hashBy !== undefined && !HASHING.includes(balance)) {
    throw new Error(`hashBy means nothing to the balance ${balance}; take one of ${HASHING.join(', ')}`);
  }
  if (!('discover' in upstream) || !('protocol' in upstream.discover)) return;
  const problem =
    health?.check && problemOfCheck(health.check, `${upstream.discover.protocol}://127.0.0.1:1`);
  if (problem !== undefined) throw new Error(problem);
}

/** What of the options is about when to look again. */
function timesOf(found: {
  intervalMs?: number;
  minTtlMs?: number;
  maxTtlMs?: number;
}): Pick<DiscoverOptions, 'intervalMs' | 'minTtlMs' | 'maxTtlMs'> {
  const { intervalMs, minTtlMs, maxTtlMs } = found;
  return {
    ...(intervalMs !== undefined && { intervalMs }),
    ...(minTtlMs !== undefined && { minTtlMs }),
    ...(maxTtlMs !== undefined && { maxTtlMs }),
  };
}

function balancerOptions(
  { balance = 'round-robin', health = {}, outliers = false, circuit = false, slowStartMs }: Upstream,
  peers: readonly PeerOptions[],
): BalancerOptions {
  const { maxFails, failTimeoutMs, panicThreshold } = health;
  return {
    peers,
    strategy: balance,
    ...(maxFails !== undefined && { maxFails }),
    ...(failTimeoutMs !== undefined && { failTimeoutMs }),
    ...(panicThreshold !== undefined && { panicThreshold }),
    ...(slowStartMs !== undefined && { slowStartMs }),
    ...(outliers !== false && { outliers: outliers === true ? {} : outliers }),
    ...(circuit !== false && { circuit: circuit === true ? {} : circuit }),
  };
}
