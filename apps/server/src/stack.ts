import { createMaster, type Logger as MasterLogger, type Master, parseBind } from '@highball/prefork-master';
import { availableParallelism } from 'node:os';
import type { ApplicationUpstream, Config } from './config.ts';
import type { Logger } from './log.ts';
import type { PlanRole, PlanSource } from './plan.ts';
import type { Settings } from './settings.ts';
import type { UpstreamAddresses } from './site/upstreams.ts';

/** A group of equal workers under this process. */
export interface Pool {
  name: string;
  master: Master;
}

/** What a stack is made of. */
export interface StackOptions {
  config: Config;
  source: PlanSource;
  settings: Settings;
  log: Logger;
}

/** The processes of one server: the applications behind, and the front that takes the clients. */
export class Stack {
  readonly #options: StackOptions;
  readonly #pools: Pool[] = [];
  #started = false;
  #stopping = false;

  constructor(options: StackOptions) {
    this.#options = options;
  }

  /** In the order in which they were started: upstreams, then the front. */
  get pools(): readonly Pool[] {
    return this.#pools;
  }

  /** The pool that takes the clients. */
  get front(): Pool {
    return this.#pools.at(-1) as Pool;
  }

  /** Starts what is behind, then the front; when one cannot start, those before it are stopped again. */
  async start(): Promise<void> {
    const { settings } = this.#options;
    try {
      const addresses = await this.#startUpstreams();
      const workers = settings.workers === 'auto' ? availableParallelism() : settings.workers;
      await this.#startPool('front', settings.bind, workers, { kind: 'front', addresses });
    } catch (error) {
      await this.stop({ graceful: false });
      throw error;
    }
    this.#started = true;
    process.title = `highball: master [${this.front.master.status().addresses.join(', ')}]`;
  }

  /** Replaces all workers, one after the other, without a moment in which nobody serves. */
  async reload(): Promise<void> {
    for (const { master } of this.#pools) await master.reload();
  }

  /** Changes the number of workers of the front. */
  async scale(workers: number): Promise<void> {
    await this.front.master.scale(workers);
  }

  reopenLogs(): void {
    for (const { master } of this.#pools) master.reopenLogs();
  }

  /** The workers that the front is meant to have. */
  status(): { size: number } {
    return this.front.master.status();
  }

  /** Stops the front before what it needs. */
  async stop(options: { graceful: boolean }): Promise<void> {
    this.#stopping = true;
    for (const { master } of this.#pools.toReversed()) await master.stop(options);
  }

  /** The log of one pool. What happens while it starts is told in one line at the end of the start. */
  #poolLog(name: string): MasterLogger {
    const log = this.#options.log.child({ process: name === 'front' ? 'master' : `master of ${name}` });
    const at =
      (level: 'info' | 'warn' | 'error') =>
      (fields: object, message: string): void =>
        log[this.#started ? level : 'debug'](withWorkerPid(fields), message);
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }

  async #startUpstreams(): Promise<UpstreamAddresses> {
    const own = Object.entries(this.#options.config.upstreams ?? {}).filter(
      (entry): entry is [string, ApplicationUpstream] => 'app' in entry[1],
    );
    const addresses: Record<string, readonly string[]> = {};
    for (const [name, upstream] of own) addresses[name] = await this.#startInstances(name, upstream);
    return addresses;
  }

  /** Each instance has workers and a socket of its own, on a port of the loopback that the kernel chooses. */
  async #startInstances(name: string, upstream: ApplicationUpstream): Promise<readonly string[]> {
    const { app, instances = 1, workers = 1 } = upstream;
    const addresses: string[] = [];
    for (let i = 1; i <= instances; i++) {
      const pool = instances === 1 ? name : `${name}-${i}`;
      const master = await this.#startPool(pool, ['127.0.0.1:0'], workers, { kind: 'upstream', app, pool });
      addresses.push(...master.status().addresses.map((address) => `http://${address}`));
    }
    return addresses;
  }

  async #startPool(name: string, bind: readonly string[], workers: number, role: PlanRole): Promise<Master> {
    const { settings, source } = this.#options;
    const master = createMaster({
      name: 'highball',
      title: name,
      listen: bind.map((address) => parseBind(address)),
      workers,
      worker: {
        script: new URL('../bin/worker.js', import.meta.url),
        data: { source, role, settings },
      },
      backlog: settings.backlog,
      timeoutMs: settings.timeout * 1000,
      gracefulTimeoutMs: settings.gracefulTimeout * 1000,
      log: this.#poolLog(name),
    });
    this.#pools.push({ name, master });
    await master.start();
    // A signal that came while this pool was on its way has stopped only those before it.
    if (this.#stopping) await master.stop({ graceful: false });
    return master;
  }
}

/** The pid of a log line is that of the process that writes it; a worker's gets a name of its own. */
function withWorkerPid(fields: object): object {
  const { pid, ...others } = fields as { pid?: unknown };
  return pid === undefined ? others : { ...others, workerPid: pid };
}
