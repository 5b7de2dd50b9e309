import { EventEmitter } from 'node:events';
import { formatBind, type ListenTarget } from './bind.ts';
import { MisuseError, stoppedError } from './errors.ts';
import type { Emit, MasterEvents } from './events.ts';
import type { AskOptions, Master } from './master.ts';
import { checkCount, type ResolvedOptions } from './options.ts';
import { Pool, type ReloadChanges, type WorkerReply } from './pool.ts';
import { handleSignals, type SignalHandlers } from './signals.ts';
import { type HandedSocket, SocketTable } from './socket-table.ts';
import { type MasterState, type MasterStatus, queueStatus } from './status.ts';
import { announceUpgrade, type UpgradeTurn } from './upgrade-turn.ts';
import type { UpgradeMember, UpgradeOptions } from './upgrade-types.ts';
import { processUpgrader, type Upgrader } from './upgrader.ts';
import { watchPaths } from './watch.ts';

/** A worker that does not answer within this blocks, or has much to do. */
const ASK_TIMEOUT_MS = 5000;

/** The master itself: sockets, pool and signals in their order. */
export class Arbiter extends EventEmitter<MasterEvents> implements Master, UpgradeMember {
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
    await pool.reload(changes);
    // With no worker there was nothing to replace: those that come back are of the new generation.
    await this.restore();
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
    await pool.empty();
  }

  async restore(): Promise<void> {
    const size = this.#retiredSize;
    this.#retiredSize = undefined;
    if (size !== undefined) await this.#pool?.scale(size);
  }

  async upgrade(options: UpgradeOptions = {}): Promise<number> {
    await this.#running();
    try {
      return await this.#upgrader.upgrade(options);
    } catch (error) {
      // A signal has nobody to tell it to; what goes wrong later is told by `upgradeTurn`.
      if (error instanceof MisuseError) this.#options.log.warn({ err: error }, error.message);
      throw error;
    }
  }

  handOver(): HandedSocket[] {
    return this.#sockets?.handOver() ?? [];
  }

  upgradeTurn(turn: UpgradeTurn): void {
    announceUpgrade(turn, this.#options.log, this.#tell);
  }

  async recycle(id: number): Promise<void> {
    const pool = await this.#running();
    await pool.recycle(id);
  }

  async ask(question: unknown, { timeoutMs = ASK_TIMEOUT_MS }: AskOptions = {}): Promise<WorkerReply[]> {
    const pool = await this.#running();
    return await pool.ask(question, timeoutMs);
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
    const sockets = this.#sockets?.sockets ?? [];
    return {
      name: this.#options.name,
      pid: process.pid,
      state: this.#state,
      reloading: this.#pool?.reloading ?? false,
      generation: this.#pool?.generation ?? 0,
      ageMs: this.#startedAt === undefined ? 0 : this.#options.clock.now() - this.#startedAt,
      size: this.#pool?.size ?? 0,
      addresses: this.addresses().map(formatBind),
      // The kernel walks through its whole table of connections for it: tens of milliseconds where memory is large.
      get queues() {
        return queueStatus(sockets);
      },
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
      // Workers that were ready before another has failed may serve already; those that boot are ended at once.
      await this.stop();
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
    const { key, sockets } = this.#upgrader.join(title ?? name, this);
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
    // Before the workers are gone: they take over what waits, and who came after that would wait for nobody.
    this.#sockets?.close({ keepFile: this.#upgrader.isShared });
    await workersGone;
    if (this.#upgradeKey !== undefined) this.#upgrader.leave(this.#upgradeKey);
    this.#state = 'stopped';
    this.#tell('stopped');
  }

  #watch(): void {
    const { clock, log, watch, watchDebounceMs } = this.#options;
    if (watch.length === 0) return;
    this.#unwatch = watchPaths({ paths: watch, debounceMs: watchDebounceMs, clock }, (name) => {
      if (this.#retiredSize !== undefined) return;
      log.info({ name }, `${name} has changed: reloading`);
      this.#tell('change', name);
      // Its failure has been logged, and the old workers serve on.
      this.reload().catch(() => undefined);
    });
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
