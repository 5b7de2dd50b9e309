import type { Identity } from '@highball/daemon';
import { type ListenTarget, otherMaster } from '@highball/prefork-master';
import { CommandError } from './errors.ts';
import { FrontCommands } from './front-commands.ts';
import type { HookRunner, ServerContext } from './hooks.ts';
import { InForce } from './in-force.ts';
import type { Launch } from './launch.ts';
import type { Logger } from './log.ts';
import { type Pool, Pools } from './pools.ts';
import { startBehind } from './pools-behind.ts';
import { PrivateSockets } from './private-sockets.ts';
import { replaceInTurn } from './replace-in-turn.ts';
import { SharedCaches } from './shared-caches.ts';
import type { FrontSockets } from './tls/plan.ts';

/** What a stack is made of. */
export interface StackOptions {
  launch: Launch;
  /** Where the front listens. */
  listen: readonly ListenTarget[];
  log: Logger;
  hooks: HookRunner;
  /** The user and group that workers become. */
  identity?: Identity | undefined;
}

/** The processes of one server: who counts, the applications behind, and the front that takes the clients. */
export class Stack {
  readonly #options: StackOptions;
  /** What is told to all workers of the front. */
  readonly frontCommands: FrontCommands = new FrontCommands(() => this.#pools.front?.master, otherMaster());
  readonly #inForce: InForce;
  readonly #pools: Pools;
  readonly #caches: SharedCaches;
  readonly #sockets: PrivateSockets;
  /** What comes while it starts is done after that. */
  readonly #running = Promise.withResolvers<void>();
  #started = false;

  constructor(options: StackOptions) {
    const { launch, log, hooks, identity } = options;
    this.#running.promise.catch(() => undefined);
    this.#options = options;
    this.#inForce = new InForce({ launch, log, hooks, identity });
    this.#pools = new Pools({ launch, inForce: this.#inForce, log, hooks });
    this.#sockets = new PrivateSockets(identity);
    this.#caches = new SharedCaches(log, identity);
  }

  /** In the order in which they were begun; the front is the last. */
  get pools(): readonly Pool[] {
    return this.#pools.all;
  }

  /** The pool that takes the clients; there is one once the stack has been started. */
  get front(): Pool {
    return this.#pools.front as Pool;
  }

  /** Where the front listens, and by which certificates. */
  get sockets(): FrontSockets {
    return this.#inForce.sockets;
  }

  /** Starts what is behind, then the front; when one cannot start, the others are stopped again. */
  async start(): Promise<void> {
    try {
      await this.#startPools();
    } catch (error) {
      this.#running.reject(error);
      // In an upgrade they may be serving what the old master's front has sent them.
      await this.stop({ graceful: true });
      throw error;
    }
    this.#started = true;
    this.#running.resolve();
    this.#pools.started();
    const { procName } = this.#inForce.settings;
    process.title = `${procName}: master [${this.front.master.status().addresses.join(', ')}]`;
  }

  /**
   * Reads the configuration anew and replaces all workers, one after the other, without a moment in which nobody
   * serves. What only a new master can change is said in the log.
   * @throws CommandError, MasterError: the old workers stay, and the old configuration is in force.
   */
  async reload(): Promise<void> {
    await this.#running.promise;
    const size = this.#inForce.frontSize;
    const before = await this.#inForce.renew();
    try {
      await this.#replaceWorkers();
    } catch (error) {
      this.#inForce.restore(before);
      throw error;
    }
    const { config, frontSize } = this.#inForce;
    this.frontCommands.reloaded(config);
    this.#caches.forgetOthers(config);
    if (frontSize !== size) await this.scale(frontSize);
  }

  /**
   * Changes the number of workers of a pool.
   * @returns how many it is meant to have then. @throws CommandError when there is no such pool.
   */
  async scale(workers: number, pool = 'front'): Promise<number> {
    await this.#running.promise;
    const found = this.pools.find(({ name }) => name === pool);
    if (found === this.front) await this.#shareFromNowOn(workers);
    if (found) {
      await found.master.scale(workers);
      return found.master.status().size;
    }
    const known = this.pools.map(({ name }) => name).join(', ');
    throw new CommandError(`there is no pool '${pool}'; there are: ${known}`);
  }

  /** Replaces one worker. @throws CommandError when no worker has this pid. */
  async recycle(pid: number): Promise<void> {
    for (const { master } of this.pools) {
      const worker = master.status().workers.find((each) => each.pid === pid);
      if (worker) return master.recycle(worker.id);
    }
    throw new CommandError(`no worker has the pid ${pid}`);
  }

  /** Stops all workers gracefully, the front's first, and keeps the sockets: connections wait in the backlog. */
  async retire(): Promise<void> {
    await this.#running.promise;
    for (const { master } of this.pools.toReversed()) await master.retire();
  }

  /**
   * Starts a new master on the sockets of this one, by the command line and in the folder of this one.
   * @param automatic - whether this one steps down when the new one is ready.
   * @returns the pid of the new one. @throws UpgradeError when it does not come up: this one has served on.
   */
  async upgrade({ automatic = false }: { automatic?: boolean } = {}): Promise<number> {
    await this.#running.promise;
    const program = {
      command: process.execPath,
      args: [...process.execArgv, ...process.argv.slice(1)],
      cwd: this.#options.launch.startedIn,
    };
    return await this.front.master.upgrade({ automatic, program });
  }

  reopenLogs(): void {
    for (const { master } of this.pools) master.reopenLogs();
  }

  /** The workers that the front is meant to have. */
  status(): { size: number } {
    return this.#started ? this.front.master.status() : { size: this.#inForce.frontSize };
  }

  /** Stops the front before what it needs. */
  async stop(options: { graceful: boolean }): Promise<void> {
    await this.#pools.stop(options);
    await this.#sockets.remove();
    this.#caches.remove();
  }

  /** The server as hooks see it. */
  context(): ServerContext {
    return this.#pools.context();
  }

  async #startPools(): Promise<void> {
    const { log, listen } = this.#options;
    const { config, frontSize } = this.#inForce;
    const parts = { pools: this.#pools, sockets: this.#sockets, log };
    const { addresses, keeper } = await startBehind(config, parts);
    await this.frontCommands.succeed(config);
    const { drained } = this.frontCommands;
    const caches = await this.#caches.prepare(config, this.#inForce.mostWorkers(frontSize));
    const front = { kind: 'front' as const, addresses, drained, caches, ...(keeper && { keeper }) };
    await this.#pools.start('front', listen, frontSize, front);
    this.frontCommands.watch();
  }

  async #replaceWorkers(): Promise<void> {
    const { hooks } = this.#options;
    await hooks.run('onReload', this.context());
    await this.#shareCaches(Math.max(this.#inForce.frontSize, this.status().size));
    // What it counts is not lost; it has nothing to read anew.
    const reloaded = this.pools.filter(({ role }) => role.kind !== 'keeper');
    await replaceInTurn(
      reloaded.map(({ master, role }) => ({ master, worker: this.#inForce.program(role) })),
    );
  }

  /** The one worker that had its caches for itself is replaced by one that shares them with the others to come. */
  async #shareFromNowOn(workers: number): Promise<void> {
    const { front } = this;
    const alone = front.role.kind === 'front' && front.role.caches?.folder === undefined;
    if (alone && (await this.#shareCaches(workers)))
      await front.master.reload({ worker: this.#inForce.program(front.role) });
  }

  /** Tells the workers of the front that are started from now on how many they are. @returns whether they share a folder. */
  async #shareCaches(workers: number): Promise<boolean> {
    const { front } = this;
    if (front.role.kind !== 'front') return false;
    const caches = await this.#caches.prepare(this.#inForce.config, this.#inForce.mostWorkers(workers));
    front.role = { ...front.role, caches };
    return caches.folder !== undefined;
  }
}
