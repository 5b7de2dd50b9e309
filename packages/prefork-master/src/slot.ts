import { Backoff, type BackoffOptions } from './backoff.ts';
import type { Clock } from './clock.ts';
import { type MasterError, stoppedError } from './errors.ts';
import { describeExit, type WorkerExit } from './worker-exit.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { WorkerState } from './worker-state.ts';

/** One line of the status: a worker, or the wait for the next one. */
export interface WorkerStatus {
  /** The slot: 1, 2… */
  readonly id: number;
  /** Undefined while the slot waits. */
  readonly pid: number | undefined;
  /** `waiting` after repeated crashes: see `retryInMs`. */
  readonly state: WorkerState | 'waiting';
  readonly generation: number;
  readonly ageMs: number;
  /** Workers that this slot has started again. */
  readonly restarts: number;
  /** Crashes in a row. */
  readonly crashes: number;
  /** Until the next attempt, for a slot that waits. */
  readonly retryInMs: number | undefined;
  /** How the last worker of this slot has ended, or why it did not come up: `was ended by SIGKILL`. */
  readonly lastExit: string | undefined;
  /** Resident memory; undefined where neither the system nor the worker tells it. */
  readonly memoryBytes: number | undefined;
  /** The part of the last second in which the event loop was busy, from 0 to 1; undefined before the first beat. */
  readonly utilisation: number | undefined;
  /** What the worker has last reported about itself. */
  readonly report: object | undefined;
}

/** What a slot needs of the pool. */
export interface SlotHost {
  readonly clock: Clock;
  readonly backoff: BackoffOptions;
  /** Starts a worker process for a slot. @throws {MasterError} when there is none to start. */
  launch(id: number): WorkerProcess;
  /** Takes a worker out of service whose work is now done by others. */
  retire(worker: WorkerProcess): void;
  readonly announce: SlotAnnouncements;
}

/** What a slot has to tell. */
export interface SlotAnnouncements {
  ready(worker: WorkerProcess): void;
  exited(worker: WorkerProcess, exit: WorkerExit): void;
  bootFailed(slot: number, error: MasterError): void;
  /** The next attempt is delayed after repeated crashes. */
  waiting(slot: number, delayMs: number, crashes: number): void;
}

/**
 * Keeps one worker in service. There is one way to a new one, whatever the cause: boot it beside the old, and retire
 * the old when the new one is ready.
 */
export class Slot {
  readonly id: number;
  readonly #host: SlotHost;
  readonly #backoff: Backoff;
  readonly #retiring = new Set<WorkerProcess>();
  #current: WorkerProcess | undefined;
  #incoming: WorkerProcess | undefined;
  #retry: { readonly timer: unknown; readonly at: number } | undefined;
  #starts = 0;
  #generation = 0;
  #lastExit: string | undefined;
  #closed = false;

  constructor(id: number, host: SlotHost) {
    this.id = id;
    this.#host = host;
    this.#backoff = new Backoff(host.backoff);
  }

  /** Every process of this slot. */
  get processes(): WorkerProcess[] {
    return [this.#current, this.#incoming, ...this.#retiring].filter((worker) => worker !== undefined);
  }

  /** The worker that serves, if there is one. */
  get inService(): WorkerProcess | undefined {
    return this.#current?.state === 'ready' ? this.#current : undefined;
  }

  /**
   * Puts a new worker in service and retires the one before it, without waiting for its end.
   * @throws {MasterError} when the new one does not come up: the old one stays, or the slot tries again by itself.
   */
  async boot(): Promise<void> {
    // An attempt under way may have read an older program: let it settle, then start anew.
    while (this.#incoming) await settled(this.#incoming.booted);
    if (this.#closed) throw stoppedError();
    this.#cancelRetry();
    try {
      this.#incoming = this.#launch();
      await this.#incoming.booted;
    } catch (error) {
      this.#incoming = undefined;
      this.#bootFailed(error as MasterError);
      throw error;
    }
    this.#enter(this.#incoming);
  }

  /** Replaces the worker; one that is booting already is the replacement. */
  async replace(): Promise<void> {
    await (this.#incoming ? this.#incoming.booted : this.boot());
  }

  /** Resolves when all retired workers have exited, or have had the time that requests get. */
  async drained(): Promise<void> {
    await Promise.all([...this.#retiring].map((worker) => worker.finished));
  }

  /** Takes the slot out of service; resolves when its workers have exited, or have had the time that requests get. */
  async retire(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    const { processes } = this;
    this.#incoming?.stop(true);
    if (this.#current) this.#host.retire(this.#current);
    await Promise.all(processes.map((worker) => worker.finished));
  }

  /** Resolves when all processes have exited. */
  async exited(): Promise<void> {
    await Promise.all(this.processes.map((worker) => worker.exited));
  }

  /** Stops all processes; resolves when they have exited. */
  async stop(graceful: boolean): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    const { processes } = this;
    for (const worker of processes) worker.stop(graceful);
    await Promise.all(processes.map((worker) => worker.exited));
  }

  status(): WorkerStatus[] {
    const { processes } = this;
    return processes.length > 0 ? processes.map((worker) => this.#line(worker)) : [this.#line(undefined)];
  }

  #launch(): WorkerProcess {
    const worker = this.#host.launch(this.id);
    this.#starts++;
    this.#generation = worker.generation;
    void worker.exited.then((exit) => this.#exited(worker, exit));
    return worker;
  }

  #enter(worker: WorkerProcess): void {
    const old = this.#current;
    this.#current = worker;
    this.#incoming = undefined;
    this.#host.announce.ready(worker);
    if (!old) return;
    this.#retiring.add(old);
    this.#host.retire(old);
  }

  #bootFailed(error: MasterError): void {
    if (error.code === 'stopped') return;
    this.#lastExit = error.message;
    this.#host.announce.bootFailed(this.id, error);
    if (!this.#current) this.#restart(0);
  }

  #exited(worker: WorkerProcess, exit: WorkerExit): void {
    this.#retiring.delete(worker);
    if (exit.servedMs !== undefined) this.#lastExit = describeExit(exit.code, exit.signal);
    this.#host.announce.exited(worker, exit);
    if (worker !== this.#current) return;
    this.#current = undefined;
    if (!this.#incoming) this.#restart(exit.servedMs ?? 0);
  }

  #restart(servedMs: number): void {
    if (this.#closed) return;
    const delayMs = this.#backoff.crashed(servedMs);
    if (delayMs > 0) this.#host.announce.waiting(this.id, delayMs, this.#backoff.crashes(0));
    // A timer even for no delay at all: a first start that has failed is stopped before it fires.
    const timer = this.#host.clock.setTimeout(() => this.#retryNow(), delayMs);
    this.#retry = { timer, at: this.#host.clock.now() + delayMs };
  }

  #retryNow(): void {
    this.#retry = undefined;
    // Its failure is told to the host, and leads to the next attempt.
    this.boot().catch(() => undefined);
  }

  #cancelRetry(): void {
    this.#host.clock.clearTimeout(this.#retry?.timer);
    this.#retry = undefined;
  }

  #line(worker: WorkerProcess | undefined): WorkerStatus {
    const now = this.#host.clock.now();
    return {
      id: this.id,
      pid: worker?.pid,
      state: worker?.state ?? 'waiting',
      generation: worker?.generation ?? this.#generation,
      ageMs: worker ? now - worker.startedAt : 0,
      restarts: Math.max(0, this.#starts - 1),
      crashes: this.#backoff.crashes(this.#current?.servedMs ?? 0),
      retryInMs: this.#retry && Math.max(0, this.#retry.at - now),
      lastExit: this.#lastExit,
      memoryBytes: worker?.memoryBytes,
      utilisation: worker?.vitals.utilisation,
      report: worker?.report,
    };
  }
}

function settled(promise: Promise<void>): Promise<void> {
  return promise.catch(() => undefined);
}
