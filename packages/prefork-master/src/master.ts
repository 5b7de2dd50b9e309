import { EventEmitter } from 'node:events';
import { formatBind, type ListenTarget } from './bind.ts';
import { MisuseError, stoppedError } from './errors.ts';
import type { Emit, MasterEvents } from './events.ts';
import { checkCount, type MasterOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Pool, type ReloadChanges } from './pool.ts';
import { handleSignals, type SignalHandlers } from './signals.ts';
import type { WorkerStatus } from './slot.ts';
import { type OpenSocket, openSockets } from './sockets.ts';

export type MasterState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

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
  #sockets: readonly OpenSocket[] = [];
  #pool: Pool | undefined;
  #startedAt: number | undefined;
  #started: Promise<void> | undefined;
  #opening: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ResolvedOptions) {
    super();
    this.#options = options;
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  addresses(): readonly ListenTarget[] {
    return this.#sockets.map(({ address }) => address);
  }

  async reload(changes: ReloadChanges = {}): Promise<void> {
    const pool = await this.#running();
    await pool.reload(changes);
  }

  async scale(workers: number): Promise<void> {
    checkCount('workers', workers, 0);
    const pool = await this.#running();
    await pool.scale(workers);
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
  }

  async #open(): Promise<void> {
    const { listen, backlog, log, umask } = this.#options;
    if (umask !== undefined) process.umask(umask);
    const opening = openSockets(listen, backlog);
    this.#opening = opening.catch(() => undefined);
    this.#sockets = await opening;
    this.#checkStarting();
    const { addresses } = this.status();
    log.info({ addresses }, `listening on ${addresses.join(', ')}`);
    this.#tell('listening', this.addresses());
  }

  #createPool(): Pool {
    const { name, title = this.status().addresses.join(', ') } = this.#options;
    if (name !== undefined) process.title = `${name}: master [${title}]`;
    this.#pool = new Pool(this.#options, this.#sockets, title, this.#tell);
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
    for (const socket of this.#sockets) socket.close();
    this.#state = 'stopped';
    this.#tell('stopped');
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
