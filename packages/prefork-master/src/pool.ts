import { Announcer } from './announcer.ts';
import { coalesce } from './coalesce.ts';
import { MisuseError, stoppedError } from './errors.ts';
import type { Emit, WorkerIdentity } from './events.ts';
import { Launcher, type Release } from './launcher.ts';
import type { LowMemoryLimit } from './memory-limit.ts';
import type { ResolvedOptions, WorkerProgram } from './options.ts';
import { Patrol, type PatrolHost } from './patrol.ts';
import type { Reply } from './questions.ts';
import { Recycler } from './recycler.ts';
import { Retirement } from './retirement.ts';
import { Slot, type SlotHost, type WorkerStatus } from './slot.ts';
import type { SocketTable } from './socket-table.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What a reload may change. */
export interface ReloadChanges {
  /** Another program for the workers, or other data for it. */
  readonly worker?: WorkerProgram;
}

/** What one worker has said to a question. */
export interface WorkerReply {
  readonly worker: WorkerIdentity;
  readonly reply: Reply;
}

/** The slots of one master, and what is done to all of them. */
export class Pool implements PatrolHost {
  readonly #options: ResolvedOptions;
  readonly #sockets: SocketTable;
  readonly #emit: Emit;
  readonly #announcer: Announcer;
  readonly #launcher: Launcher;
  readonly #recycler: Recycler<WorkerProcess>;
  readonly #patrol: Patrol;
  readonly #slots: Slot[] = [];
  /** Slots that scaling down has taken out of service, until their workers have exited. */
  readonly #leaving = new Set<Slot>();
  readonly #host: SlotHost;
  /** The one that a whole start or reload has accepted last, or the one that is being tried. */
  #release: Release;
  #lastGeneration = 1;
  #closed = false;
  #reloading = false;

  /** Replaces all workers, one by one. Calls during a reload share one more after it. */
  readonly reload: (changes: ReloadChanges) => Promise<void> = coalesce((changes) => this.#reload(changes));

  constructor(options: ResolvedOptions, sockets: SocketTable, title: string | undefined, emit: Emit) {
    const { clock, backoff, log, random, worker } = options;
    this.#options = options;
    this.#sockets = sockets;
    this.#emit = emit;
    this.#release = { program: worker, generation: this.#lastGeneration };
    this.#announcer = new Announcer(log, emit);
    this.#recycler = new Recycler({
      clock,
      isInService: (tired) => this.inService.includes(tired),
      announce: (tired, reason) => this.#announcer.recycling(tired, reason),
      replace: (tired) => this.recycle(tired.id),
    });
    this.#launcher = new Launcher(options, sockets, title, this.#announcer, (tired, reason) =>
      this.requestRecycle(tired, reason),
    );
    this.#patrol = new Patrol(options, this, clock, random);
    const launch = (id: number): WorkerProcess => this.#launcher.launch(id, this.#release);
    const retirement = new Retirement(() => options.maxRetired * Math.max(1, this.size));
    const retire = (old: WorkerProcess): void => retirement.add(old);
    this.#host = { clock, backoff, announce: this.#announcer, launch, retire };
  }

  get size(): number {
    return this.#slots.length;
  }

  get generation(): number {
    return this.#release.generation;
  }

  get reloading(): boolean {
    return this.#reloading;
  }

  get inService(): readonly WorkerProcess[] {
    return this.#slots.flatMap((slot) => slot.inService ?? []);
  }

  status(): WorkerStatus[] {
    return [...this.#slots, ...this.#leaving].flatMap((slot) => slot.status());
  }

  /**
   * Changes the number of workers; resolves when the new ones are ready and the others have exited, or have had the
   * time that requests get. The number stands even when a new one fails to boot: its slot goes on trying.
   */
  async scale(size: number): Promise<void> {
    const before = this.size;
    const { heirs } = this.#sockets.assign(size);
    const tasks: Promise<void>[] = [];
    while (this.size < size) tasks.push(this.#add());
    const removed = this.#slots.splice(size);
    if (size !== before) this.#emit('scale', size, before);
    if (removed.length > 0) tasks.push(this.#remove(removed, heirs));
    await Promise.all(tasks);
  }

  /** Stops all workers gracefully, also those that were replaced; the pool can be scaled up again. */
  async empty(): Promise<void> {
    const slots = [...this.#slots, ...this.#leaving];
    const stopped = Promise.all(slots.map((slot) => slot.stop(true)));
    await Promise.all([this.scale(0), stopped]);
  }

  /** Starts the first workers. */
  async start(size: number): Promise<void> {
    await this.scale(size);
    this.#announcer.started();
    this.#patrol.start();
  }

  /** Replaces the worker of a slot. @throws {MisuseError} `invalid-option` when there is no such slot. */
  async recycle(id: number): Promise<void> {
    const slot = this.#slots.find((candidate) => candidate.id === id);
    if (!slot) throw new MisuseError('invalid-option', `there is no worker ${id}`);
    await slot.replace();
  }

  /** Replaces a worker when its turn has come. */
  requestRecycle(worker: WorkerProcess, reason: string): void {
    if (worker.state === 'ready') this.#recycler.request(worker, reason);
  }

  /** Asks all workers that serve, also those that finish their work. */
  ask(question: unknown, timeoutMs: number): Promise<WorkerReply[]> {
    const workers = [...this.#slots, ...this.#leaving].flatMap(({ processes }) => processes);
    const serving = workers.filter(({ state }) => ['ready', 'retired', 'stopping'].includes(state));
    return Promise.all(
      serving.map(async (worker) => ({
        worker: { id: worker.id, pid: worker.pid, generation: worker.generation },
        reply: await worker.ask(question, timeoutMs),
      })),
    );
  }

  memoryLimitLow(worker: WorkerProcess, low: LowMemoryLimit): void {
    this.#announcer.memoryLimitLow(worker, low);
  }

  reopenLogs(): void {
    for (const { processes } of [...this.#slots, ...this.#leaving])
      for (const worker of processes) worker.reopenLogs();
  }

  /** Stops all workers for good; resolves when they have exited. */
  async stop(graceful: boolean): Promise<void> {
    const first = !this.#closed;
    this.#closed = true;
    this.#patrol.stop();
    await Promise.all([...this.#slots, ...this.#leaving].map((slot) => slot.stop(graceful)));
    if (first) this.#launcher.close();
  }

  async #add(): Promise<void> {
    const slot = new Slot(this.size + 1, this.#host);
    this.#slots.push(slot);
    await this.#replaceOne(slot);
  }

  /**
   * Takes slots out of service. Where they have sockets of their own, these go to the workers of other slots first,
   * which are replaced for that: nobody else would serve who waits in their queues.
   */
  async #remove(slots: readonly Slot[], heirs: ReadonlySet<number>): Promise<void> {
    for (const slot of slots) this.#leaving.add(slot);
    const replaced = this.#slots.filter(({ id }) => heirs.has(id)).map((slot) => slot.boot());
    const outcomes = await Promise.allSettled(replaced);
    await Promise.all(slots.map((slot) => slot.retire()));
    for (const slot of slots) this.#forget(slot);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    // What waits in the queues is served when the slot has its next worker.
    if (failed && !this.#closed) throw failed.reason;
  }

  /** It may live on for what its clients hold open; until then it is shown, and stopped with the others. */
  #forget(slot: Slot): void {
    if (slot.processes.every(({ state }) => state === 'gone')) this.#leaving.delete(slot);
    else void slot.exited().then(() => this.#leaving.delete(slot));
  }

  async #reload({ worker }: ReloadChanges): Promise<void> {
    const { log } = this.#options;
    const accepted = this.#release;
    const generation = ++this.#lastGeneration;
    this.#release = { program: worker ?? accepted.program, generation };
    this.#reloading = true;
    this.#emit('reload', generation);
    try {
      const slots = await this.#replaceAll();
      this.#emit('replaced', generation);
      // Not before: a reload on top of one that still finishes its requests would pile up processes.
      await Promise.all(slots.map((slot) => slot.drained()));
      this.#emit('reloaded', generation);
    } catch (error) {
      this.#release = accepted;
      if (!this.#closed) log.error({ err: error }, 'the reload is given up; the old workers stay in service');
      throw error;
    } finally {
      this.#reloading = false;
    }
  }

  async #replaceAll(): Promise<readonly Slot[]> {
    const slots = [...this.#slots];
    for (const slot of slots) {
      if (this.#closed) throw stoppedError();
      if (this.#slots.includes(slot)) await this.#replaceOne(slot);
    }
    return slots;
  }

  /** A slot that is scaled away meanwhile needs no worker any more. */
  async #replaceOne(slot: Slot): Promise<void> {
    try {
      await slot.boot();
    } catch (error) {
      if (this.#closed || this.#slots.includes(slot)) throw error;
    }
  }
}
