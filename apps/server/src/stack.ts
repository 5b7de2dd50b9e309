import type { Identity } from '@highball/daemon';
import {
  createMaster,
  type ListenTarget,
  type LowMemoryLimit,
  type Logger as MasterLogger,
  type Master,
  otherMaster,
  parseBind,
  type WorkerIdentity,
} from '@highball/prefork-master';
import { availableParallelism } from 'node:os';
import type { Config } from './config.ts';
import { CommandError, messageOf } from './errors.ts';
import { FrontCommands } from './front-commands.ts';
import type { HookRunner } from './hooks.ts';
import type { Launch } from './launch.ts';
import type { Logger } from './log.ts';
import { hookEvents } from './master-hooks.ts';
import type { PlanRole } from './plan.ts';
import { poolOptions, workerProgram } from './pool-options.ts';
import { changedUpstreams, compareSettings } from './reconfigure.ts';
import { PrivateSockets } from './private-sockets.ts';
import { replaceInTurn } from './replace-in-turn.ts';
import { settingsOf } from './resolve-settings.ts';
import type { Settings } from './settings.ts';
import { SharedCaches } from './shared-caches.ts';
import type { UpstreamAddresses } from './site/upstreams.ts';
import type { ApplicationUpstream } from './upstream/config.ts';

/** A group of equal workers under this process. */
export interface Pool {
  name: string;
  role: PlanRole;
  master: Master;
}

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
  readonly frontCommands: FrontCommands = new FrontCommands(
    () => this.#pools.find(({ role }) => role.kind === 'front')?.master,
    otherMaster(),
  );
  readonly #pools: Pool[] = [];
  readonly #caches: SharedCaches;
  #config: Config;
  #settings: Settings;
  readonly #sockets: PrivateSockets;
  #started = false;
  #stopping = false;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#sockets = new PrivateSockets(options.identity);
    this.#caches = new SharedCaches(options.log, options.identity);
    this.#config = options.launch.config;
    this.#settings = settingsOf(options.launch.origins);
  }

  /** In the order in which they were started; the front is the last. */
  get pools(): readonly Pool[] {
    return this.#pools;
  }

  /** The pool that takes the clients. */
  get front(): Pool {
    return this.#pools.at(-1) as Pool;
  }

  /** Starts what is behind, then the front; when one cannot start, those before it are stopped again. */
  async start(): Promise<void> {
    try {
      const keeper = await this.#startKeeper();
      const addresses = await this.#startUpstreams();
      await this.frontCommands.succeed(this.#config);
      const { drained } = this.frontCommands;
      const workers = Math.max(this.#frontSize(), this.#settings.workersMax);
      const caches = await this.#caches.prepare(this.#config, workers);
      const role: PlanRole = { kind: 'front', addresses, drained, caches, ...(keeper && { keeper }) };
      await this.#startPool('front', this.#options.listen, this.#frontSize(), role);
      this.frontCommands.watch();
    } catch (error) {
      // In an upgrade they may be serving what the old master's front has sent them.
      await this.stop({ graceful: true });
      throw error;
    }
    this.#started = true;
    process.title = `${this.#settings.procName}: master [${this.front.master.status().addresses.join(', ')}]`;
  }

  /**
   * Reads the configuration anew and replaces all workers, one after the other, without a moment in which nobody
   * serves. What only a new master can change is said in the log.
   * @throws CommandError, MasterError: the old workers stay.
   */
  async reload(): Promise<void> {
    const before = this.#frontSize();
    await this.#reconfigure();
    await this.#options.hooks.run('onReload', this.context());
    await this.#shareCaches(Math.max(this.#frontSize(), this.status().size));
    // What it counts is not lost; it has nothing to read anew.
    const reloaded = this.#pools.filter(({ role }) => role.kind !== 'keeper');
    await replaceInTurn(reloaded.map(({ master, role }) => ({ master, worker: this.#program(role) })));
    this.frontCommands.reloaded(this.#config);
    this.#caches.forgetOthers(this.#config);
    if (this.#frontSize() !== before) await this.scale(this.#frontSize());
  }

  /**
   * Changes the number of workers of a pool.
   * @returns how many it is meant to have then. @throws CommandError when there is no such pool.
   */
  async scale(workers: number, pool = 'front'): Promise<number> {
    const found = this.#pools.find(({ name }) => name === pool);
    if (found === this.front) await this.#shareFromNowOn(workers);
    if (found) {
      await found.master.scale(workers);
      return found.master.status().size;
    }
    const known = this.#pools.map(({ name }) => name).join(', ');
    throw new CommandError(`there is no pool '${pool}'; there are: ${known}`);
  }

  /** Replaces one worker. @throws CommandError when no worker has this pid. */
  async recycle(pid: number): Promise<void> {
    for (const { master } of this.#pools) {
      const worker = master.status().workers.find((each) => each.pid === pid);
      if (worker) return master.recycle(worker.id);
    }
    throw new CommandError(`no worker has the pid ${pid}`);
  }

  /** Stops all workers gracefully, the front's first, and keeps the sockets: connections wait in the backlog. */
  async retire(): Promise<void> {
    for (const { master } of this.#pools.toReversed()) await master.retire();
  }

  /**
   * Starts a new master on the sockets of this one, by the command line and in the folder of this one.
   * @param automatic - whether this one steps down when the new one is ready.
   * @returns the pid of the new one. @throws UpgradeError when it does not come up: this one has served on.
   */
  upgrade({ automatic = false }: { automatic?: boolean } = {}): Promise<number> {
    const program = {
      command: process.execPath,
      args: [...process.execArgv, ...process.argv.slice(1)],
      cwd: this.#options.launch.startedIn,
    };
    return this.front.master.upgrade({ automatic, program });
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
    await this.#sockets.remove();
    this.#caches.remove();
  }

  /** The server as hooks see it. */
  context(): { pid: number; addresses: readonly string[] } {
    const front = this.#pools.find(({ name }) => name === 'front');
    return { pid: process.pid, addresses: front?.master.status().addresses ?? [] };
  }

  #frontSize(): number {
    const { workers, workersMin, workersMax } = this.#settings;
    const size = workers === 'auto' ? availableParallelism() : workers;
    return workersMax === 0 ? size : Math.min(workersMax, Math.max(workersMin, size));
  }

  async #reconfigure(): Promise<void> {
    const { launch, log, hooks } = this.#options;
    const reading = await launch.reread().catch((error: unknown) => {
      log.error(`the reload is given up; the old workers stay in service: ${messageOf(error)}`);
      throw error;
    });
    const { settings, changed, postponed } = compareSettings(this.#settings, settingsOf(reading.origins));
    postponed.push(...changedUpstreams(launch.config, reading.config));
    if (changed.length > 0) log.info(`the reload changes ${changed.join(', ')}`);
    if (postponed.length > 0) {
      log.warn(`a reload cannot change ${postponed.join(', ')}: run highball ctl upgrade, or restart`);
    }
    this.#settings = settings;
    this.#config = reading.config;
    log.level = settings.logLevel;
    hooks.replace(reading.config.hooks);
  }

  /** The log of one pool. What happens while it starts is told in one line at the end of the start. */
  #poolLog(name: string): MasterLogger {
    const log = this.#options.log.child({ process: name === 'front' ? 'master' : `master of ${name}` });
    const at =
      (level: 'info' | 'warn' | 'error') =>
      (fields: object, message: string): void => {
        log.level = this.#options.log.level;
        log[this.#started ? level : 'debug'](withWorkerPid(fields), message);
      };
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }

  /** One process that counts for all workers of the front, where there is something to count. */
  async #startKeeper(): Promise<string | undefined> {
    const { limits } = this.#config;
    if (!limits?.rules?.length || limits.store !== undefined) return undefined;
    const path = await this.#sockets.path('limits');
    await this.#startPool('limits', [parseBind(`unix:${path}`)], 1, { kind: 'keeper', pool: 'limits' });
    await this.#sockets.give(path);
    return path;
  }

  /** The one worker that had its caches for itself is replaced by one that shares them with the others to come. */
  async #shareFromNowOn(workers: number): Promise<void> {
    const { front } = this;
    const alone = front.role.kind === 'front' && front.role.caches?.folder === undefined;
    if (alone && (await this.#shareCaches(workers)))
      await front.master.reload({ worker: this.#program(front.role) });
  }

  /** Tells the workers of the front that are started from now on how many they are. @returns whether they share a folder. */
  async #shareCaches(workers: number): Promise<boolean> {
    const { front } = this;
    if (front.role.kind !== 'front') return false;
    const caches = await this.#caches.prepare(this.#config, Math.max(workers, this.#settings.workersMax));
    front.role = { ...front.role, caches };
    return caches.folder !== undefined;
  }

  async #startUpstreams(): Promise<UpstreamAddresses> {
    const own = Object.entries(this.#config.upstreams ?? {}).filter(
      (entry): entry is [string, ApplicationUpstream] => 'app' in entry[1],
    );
    const addresses: Record<string, readonly string[]> = {};
    for (const [name, upstream] of own) addresses[name] = await this.#startInstances(name, upstream);
    return addresses;
  }

  /** Each instance has workers and a socket of its own: a private one, which costs a fifth less than the loopback. */
  async #startInstances(name: string, upstream: ApplicationUpstream): Promise<readonly string[]> {
    const { app, instances = 1, workers = 1 } = upstream;
    const addresses: string[] = [];
    for (let i = 1; i <= instances; i++) {
      const pool = instances === 1 ? name : `${name}-${i}`;
      const role: PlanRole = { kind: 'upstream', app, pool, upstream: name };
      const path = await this.#socketOf(pool);
      const bind = path === undefined ? '127.0.0.1:0' : `unix:${path}`;
      const master = await this.#startPool(pool, [parseBind(bind)], workers, role);
      if (path !== undefined) await this.#sockets.give(path);
      for (const address of master.status().addresses) {
        addresses.push(address.startsWith('unix:') ? address : `http://${address}`);
      }
    }
    return addresses;
  }

  /** Where nothing can be written for the moment, a port of the loopback that the kernel chooses has to do. */
  async #socketOf(pool: string): Promise<string | undefined> {
    try {
      return await this.#sockets.path(`pool-${this.#pools.length}`);
    } catch (err) {
      this.#options.log.warn(
        { err },
        `no folder for private sockets can be made: pool ${pool} listens on the loopback`,
      );
      return undefined;
    }
  }

  async #startPool(
    name: string,
    listen: readonly ListenTarget[],
    workers: number,
    role: PlanRole,
  ): Promise<Master> {
    const { launch, hooks } = this.#options;
    const master = createMaster({
      ...poolOptions(this.#settings, role, launch),
      title: name,
      listen,
      workers,
      worker: this.#program(role),
      log: this.#poolLog(name),
    });
    this.#pools.push({ name, role, master });
    hookEvents(master, name, hooks, () => this.context());
    master.on('memoryLimitLow', (worker, low) => this.#options.log.warn(lowLimitText(name, worker, low)));
    await master.start();
    // A signal that came while this pool was on its way has stopped only those before it.
    if (this.#stopping) await master.stop({ graceful: false });
    return master;
  }

  #isAskedForLoad(upstream: string): boolean {
    return this.#config.upstreams?.[upstream]?.balance === 'least-load';
  }

  #program(role: PlanRole): ReturnType<typeof workerProgram> {
    const { launch, identity } = this.#options;
    return workerProgram({
      source: launch.source,
      role: role.kind === 'upstream' ? { ...role, tellsLoad: this.#isAskedForLoad(role.upstream) } : role,
      settings: this.#settings,
      ...(identity && { identity }),
    });
  }
}

function lowLimitText(pool: string, { id, pid }: WorkerIdentity, low: LowMemoryLimit): string {
  const { memoryBytes, limitBytes, betterBytes, pauseMs } = low;
  const worker = `worker ${id} (pid ${pid}) of ${pool}`;
  return [
    `--max-worker-memory ${mebibytes(limitBytes)} is less than a worker needs`,
    `${worker} has ${mebibytes(memoryBytes)} soon after its start`,
    `set ${mebibytes(betterBytes)} or more; until then such workers are left alone, for ${pauseMs / 1000} s at first`,
  ].join(': ');
}

/** As the setting is written. */
function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}M`;
}

/** The pid of a log line is that of the process that writes it; a worker's gets a name of its own. */
function withWorkerPid(fields: object): object {
  const { pid, ...others } = fields as { pid?: unknown };
  return pid === undefined ? others : { ...others, workerPid: pid };
}
