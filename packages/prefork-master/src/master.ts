import { EventEmitter } from 'node:events';
import { formatBind, type ListenTarget } from './bind.ts';
import { MisuseError, stoppedError } from './errors.ts';
import type { Emit, MasterEvents } from './events.ts';
import { checkCount, type MasterOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Pool, type ReloadChanges } from './pool.ts';
import { handleSignals, type SignalHandlers } from './signals.ts';
import type { WorkerStatus } from './slot.ts';
import { acceptQueues } from './process-facts.ts';
import { SocketTable } from './socket-table.ts';
import {
  processUpgrader,
  type Successor,
  type Upgrader,
  type UpgradeMember,
  type UpgradeOptions,
} from './upgrader.ts';
import { watchPaths } from './watch.ts';

export type MasterState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/** How many connections wait on one address. */
export interface QueueStatus {
  readonly address: string;
  /** Accepted by the kernel and by no worker yet; undefined where the system does not tell it (Unix sockets). */
  readonly queued: number | undefined;
}

/** A snapshot of a master. */
export interface MasterStatus {
  readonly name: string | undefined;
  readonly pid: number;
  readonly state: MasterState;
  readonly reloading: boolean;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
  /** Since `start()`. */
  readonly ageMs: number;
  /** How many workers are kept alive. */
  readonly size: number;
  /** As text: `127.0.0.1:8000`. */
  readonly addresses: readonly string[];
  /** The same addresses with their queues. */
  readonly queues: readonly QueueStatus[];
  /** Whether the workers were stopped by `retire()`. */
  readonly retired: boolean;
  /** The new master that was started beside this one. */
  readonly successor: Successor | undefined;
  /** The old master, as long as it is there. */
  readonly predecessorPid: number | undefined;
  readonly workers: readonly WorkerStatus[];
}

/** Binds sockets, starts workers that inherit them, and keeps them alive. */
export interface Master {
  /**
   * Binds, starts the workers and resolves when all are ready; once in a master's life.
   * @throws {MasterError} with its `exitCode`; everything is cleaned up by then.
   */
  start(): Promise<void>;
  /** The bound addresses, with port 0 and names resolved; none before `start()` has bound them. */
  addresses(): readonly ListenTarget[];
  /**
   * Replaces all workers, one by one; resolves when the last of the old ones has exited. Calls during a reload share
   * one more after it.
   * @throws {MasterError} when a new worker does not come up: the remaining old ones stay in service.
   */
  reload(changes?: ReloadChanges): Promise<void>;
  /**
   * Changes the number of workers; with 0, connections wait in the backlog. Resolves when the new ones are ready and
   * the others have exited.
   */
  scale(workers: number): Promise<void>;
  /**
   * Stops the workers gracefully and keeps the sockets, so that the workers of another master may take over or
   * connections wait. `reload()` and `scale()` bring workers back.
   */
  retire(): Promise<void>;
  /**
   * Starts a new master process on the same sockets, with all masters of this process. Resolves with its pid when
   * it is ready: both serve then. If `automatic`, this process stops its workers then, and after them itself; should
   * the new one die meanwhile, its workers come back.
   * @throws {UpgradeError} when the new one does not come up: it is ended, and this one serves on.
   * @throws {MisuseError} `invalid-state` while two masters are there already.
   */
  upgrade(options?: UpgradeOptions): Promise<number>;
  /** Replaces the worker of one slot. */
  recycle(id: number): Promise<void>;
  /** Tells all workers to open their log files anew. */
  reopenLogs(): void;
  /** Stops the workers and closes the sockets; resolves when all is gone. A quick stop overtakes a graceful one. */
  stop(options?: { readonly graceful?: boolean }): Promise<void>;
  status(): MasterStatus;
  /** Maps this process's signals to this master, by gunicorn's table; the function that it returns undoes that. */
  handleSignals(overrides?: SignalHandlers): () => void;
  on<K extends keyof MasterEvents>(event: K, listener: (...details: MasterEvents[K]) => void): this;
  once<K extends keyof MasterEvents>(event: K, listener: (...details: MasterEvents[K]) => void): this;
  off<K extends keyof MasterEvents>(event: K, listener: (...details: MasterEvents[K]) => void): this;
}

/** Makes a master; nothing is bound or started yet. @throws {MisuseError} `invalid-option` */
export function createMaster(options: MasterOptions): Master {
  return new Arbiter(resolveOptions(options));
}

class Arbiter extends EventEmitter<MasterEvents> implements Master {
  readonly #options: ResolvedOptions;
  #state: MasterState = 'idle';
  #sockets: SocketTable | undefined;
  #pool: Pool | undefined;
  #startedAt: number | undefined;
  #started: Promise<void> | undefined;
  #opening: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;
  /** How many workers there were before `retire()`. */
  #retiredSize: number | undefined;
  readonly #upgrader: Upgrader;
  #upgradeKey: string | undefined;
  #unwatch: (() => void) | undefined;

  constructor(options: ResolvedOptions) {
    super();
    this.#options = options;
    this.#upgrader = options.upgrader ?? processUpgrader();
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  addresses(): readonly ListenTarget[] {
    return this.#sockets?.bound ?? [];
  }

  async reload(changes: ReloadChanges = {}): Promise<void> {
    const pool = await this.#running();
    if (this.#retiredSize !== undefined) await this.#restore();
    await pool.reload(changes);
  }

  async scale(workers: number): Promise<void> {
    checkCount('workers', workers, 0);
    const pool = await this.#running();
    this.#retiredSize = undefined;
    await pool.scale(workers);
  }

  async retire(): Promise<void> {
    const pool = await this.#running();
    if (this.#retiredSize !== undefined) return;
    this.#options.log.info({}, 'the workers stop; the sockets stay');
    this.#retiredSize = pool.size;
    this.#tell('retire');
    await pool.scale(0);
  }

  async upgrade(options: UpgradeOptions = {}): Promise<number> {
    await this.#running();
    return this.#upgrader.upgrade(options);
  }

  async recycle(id: number): Promise<void> {
    const pool = await this.#running();
    await pool.recycle(id);
  }

  reopenLogs(): void {
    this.#pool?.reopenLogs();
  }

  async stop({ graceful = true }: { readonly graceful?: boolean } = {}): Promise<void> {
    if (this.#state === 'stopped') return;
    if (this.#state !== 'stopping') this.#tell('stopping', graceful);
    if (this.#pool) this.#options.log.info({ graceful }, graceful ? 'stopping' : 'stopping quickly');
    this.#state = 'stopping';
    this.#unwatch?.();
    const workersGone = this.#pool?.stop(graceful);
    this.#stopped ??= this.#close(workersGone);
    await this.#stopped;
  }

  status(): MasterStatus {
    return {
      name: this.#options.name,
      pid: process.pid,
      state: this.#state,
      reloading: this.#pool?.reloading ?? false,
      generation: this.#pool?.generation ?? 0,
      ageMs: this.#startedAt === undefined ? 0 : this.#options.clock.now() - this.#startedAt,
      size: this.#pool?.size ?? 0,
      addresses: this.addresses().map(formatBind),
      queues: this.#queues(),
      retired: this.#retiredSize !== undefined,
      successor: this.#upgrader.successor,
      predecessorPid: this.#upgrader.predecessorPid,
      workers: this.#pool?.status() ?? [],
    };
  }

  handleSignals(overrides: SignalHandlers = {}): () => void {
    return handleSignals(this, overrides);
  }

  async #start(): Promise<void> {
    if (this.#state !== 'idle') throw stoppedError();
    this.#state = 'starting';
    this.#startedAt = this.#options.clock.now();
    this.#tell('starting');
    try {
      await this.#open();
      await this.#createPool().start(this.#options.workers);
      this.#checkStarting();
    } catch (error) {
      // Ctrl-C reaches whole process groups: what then ends beneath a master that was told to stop is no failure.
      const cause = this.#state === 'starting' ? error : stoppedError();
      await this.stop({ graceful: false });
      throw cause;
    }
    this.#state = 'running';
    this.#tell('ready');
    this.#watch();
    if (this.#upgradeKey !== undefined) this.#upgrader.ready(this.#upgradeKey);
  }

  async #open(): Promise<void> {
    const { log, umask, workers } = this.#options;
    if (umask !== undefined) process.umask(umask);
    const { title, name = '' } = this.#options;
    const { key, sockets } = this.#upgrader.join(title ?? name, this.#member());
    this.#upgradeKey = key;
    const opening = SocketTable.open(this.#options, workers, sockets);
    this.#opening = opening.catch(() => undefined);
    this.#sockets = await opening;
    this.#checkStarting();
    const addresses = this.addresses().map(formatBind);
    log.info({ addresses }, `listening on ${addresses.join(', ')}`);
    this.#tell('listening', this.addresses());
  }

  #createPool(): Pool {
    const { name, title = this.addresses().map(formatBind).join(', ') } = this.#options;
    if (name !== undefined) process.title = `${name}: master [${title}]`;
    this.#pool = new Pool(this.#options, this.#sockets as SocketTable, title, this.#tell);
    return this.#pool;
  }

  #checkStarting(): void {
    if (this.#state !== 'starting') throw stoppedError();
  }

  /** What comes during the start is done after it. */
  async #running(): Promise<Pool> {
    if (!this.#started) throw new MisuseError('invalid-state', 'this master was not started');
    await this.#started;
    if (this.#state !== 'running' || !this.#pool) throw stoppedError();
    return this.#pool;
  }

  async #close(workersGone: Promise<void> | undefined): Promise<void> {
    await this.#opening;
    await workersGone;
    this.#sockets?.close({ keepFile: this.#upgrader.isShared });
    if (this.#upgradeKey !== undefined) this.#upgrader.leave(this.#upgradeKey);
    this.#state = 'stopped';
    this.#tell('stopped');
  }

  /** Undoes `retire()`. */
  async #restore(): Promise<void> {
    const size = this.#retiredSize;
    this.#retiredSize = undefined;
    if (size !== undefined) await this.#pool?.scale(size);
  }

  #watch(): void {
    const { clock, log, watch, watchDebounceMs } = this.#options;
    if (watch.length === 0) return;
    this.#unwatch = watchPaths({ paths: watch, debounceMs: watchDebounceMs, clock }, (name) => {
      log.info({ name }, `${name} has changed: reloading`);
      this.#tell('change', name);
      // Its failure has been logged, and the old workers serve on.
      this.reload().catch(() => undefined);
    });
  }

  #queues(): QueueStatus[] {
    const sockets = this.#sockets?.sockets ?? [];
    const depths = acceptQueues(sockets.map(({ fd }) => fd));
    const queues = new Map<string, number | undefined>();
    for (const [index, { address }] of sockets.entries()) {
      const depth = depths[index];
      const name = formatBind(address);
      queues.set(name, depth === undefined ? queues.get(name) : depth + (queues.get(name) ?? 0));
    }
    return [...queues].map(([address, queued]) => ({ address, queued }));
  }

  /** What an upgrade of this process needs of this master. */
  #member(): UpgradeMember {
    const { log } = this.#options;
    return {
      handOver: () => this.#sockets?.handOver() ?? [],
      retire: () => this.retire(),
      restore: () => this.#restore(),
      stop: () => this.stop(),
      upgradeBegins: () => {
        log.info({}, 'starting a new master on the same sockets');
        this.#tell('upgrade');
      },
      upgradeReady: (successor) => {
        log.info({ successor }, `the new master (pid ${successor}) is in service`);
        this.#tell('upgradeReady', successor);
      },
      upgradeFailed: (error) => {
        log.error({ err: error }, `${error.message}; this master serves on`);
        this.#tell('upgradeFailed', error);
      },
      upgradeLost: (successor) => {
        log.warn({ successor }, `the new master (pid ${successor}) has ended; this one serves on`);
        this.#tell('upgradeLost', successor);
      },
      promoted: (predecessor) => {
        log.info({ predecessor }, `the old master (pid ${predecessor}) is gone`);
        this.#tell('promoted', predecessor);
      },
    };
  }

  /** A listener that throws is a defect of its own: the workers must not suffer from it. */
  readonly #tell: Emit = (event, ...details) => {
    for (const listener of this.listeners(event)) {
      try {
        Reflect.apply(listener, this, details);
      } catch (error) {
        this.#options.log.error({ err: error, event }, `a listener of ${event} has thrown: ${String(error)}`);
      }
    }
  };
}
