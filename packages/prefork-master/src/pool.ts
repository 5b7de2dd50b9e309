import { Announcer } from './announcer.ts';
import { coalesce } from './coalesce.ts';
import { MisuseError, stoppedError, WorkerError } from './errors.ts';
import type { Emit } from './events.ts';
import { hasHandshake, launch } from './launch.ts';
import type { Child, ResolvedOptions, WorkerProgram } from './options.ts';
import type { WorkerFacts } from './protocol.ts';
import { Slot, type SlotHost, type WorkerStatus } from './slot.ts';
import type { OpenSocket } from './sockets.ts';
import { beatInterval, WorkerProcess } from './worker-process.ts';

/** What a reload may change. */
export interface ReloadChanges {
  /** Another program for the workers, or other data for it. */
  readonly worker?: WorkerProgram;
}

/** What new workers are started from. */
interface Release {
  readonly program: WorkerProgram;
  readonly generation: number;
}

/** The slots of one master, and what is done to all of them. */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #sockets: readonly OpenSocket[];
  readonly #emit: Emit;
  readonly #announcer: Announcer;
  readonly #title: string | undefined;
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

  constructor(
    options: ResolvedOptions,
    sockets: readonly OpenSocket[],
    title: string | undefined,
    emit: Emit,
  ) {
    this.#options = options;
    this.#sockets = sockets;
    this.#title = title;
    this.#emit = emit;
    this.#release = { program: options.worker, generation: this.#lastGeneration };
    this.#announcer = new Announcer(options.log, emit);
    const { clock, backoff } = options;
    this.#host = { clock, backoff, announce: this.#announcer, launch: (id) => this.#launch(id) };
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

  status(): WorkerStatus[] {
    return [...this.#slots, ...this.#leaving].flatMap((slot) => slot.status());
  }

  /**
   * Changes the number of workers; resolves when the new ones are ready and the others have exited. The number stands
   * even when a new one fails to boot: its slot goes on trying.
   */
  async scale(size: number): Promise<void> {
    const before = this.size;
    const tasks: Promise<void>[] = [];
    while (this.size < size) tasks.push(this.#add());
    while (this.size > size) tasks.push(this.#remove());
    if (size !== before) this.#emit('scale', size, before);
    await Promise.all(tasks);
  }

  /** Starts the first workers. */
  async start(size: number): Promise<void> {
    await this.scale(size);
    this.#announcer.started();
  }

  /** Replaces the worker of a slot. @throws {MisuseError} `invalid-option` when there is no such slot. */
  async recycle(id: number): Promise<void> {
    const slot = this.#slots.find((candidate) => candidate.id === id);
    if (!slot) throw new MisuseError('invalid-option', `there is no worker ${id}`);
    await slot.replace();
  }

  reopenLogs(): void {
    for (const slot of this.#slots) for (const worker of slot.processes) worker.reopenLogs();
  }

  /** Stops all workers for good; resolves when they have exited. */
  async stop(graceful: boolean): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#slots, ...this.#leaving].map((slot) => slot.stop(graceful)));
  }

  async #add(): Promise<void> {
    const slot = new Slot(this.size + 1, this.#host);
    this.#slots.push(slot);
    await slot.boot();
  }

  async #remove(): Promise<void> {
    const slot = this.#slots.pop() as Slot;
    this.#leaving.add(slot);
    await slot.stop(true);
    this.#leaving.delete(slot);
  }

  async #reload({ worker }: ReloadChanges): Promise<void> {
    const { log } = this.#options;
    const accepted = this.#release;
    const generation = ++this.#lastGeneration;
    this.#release = { program: worker ?? accepted.program, generation };
    this.#reloading = true;
    this.#emit('reload', generation);
    try {
      await this.#replaceAll();
      this.#emit('reloaded', generation);
    } catch (error) {
      this.#release = accepted;
      if (!this.#closed) log.error({ err: error }, 'the reload is given up; the old workers stay in service');
      throw error;
    } finally {
      this.#reloading = false;
    }
  }

  async #replaceAll(): Promise<void> {
    const slots = [...this.#slots];
    for (const slot of slots) {
      if (this.#closed) throw stoppedError();
      if (this.#slots.includes(slot)) await this.#replaceOne(slot);
    }
    // Not before: a reload on top of one that still drains would pile up processes.
    await Promise.all(slots.map((slot) => slot.drained()));
  }

  /** A slot that is scaled away meanwhile has nothing to replace. */
  async #replaceOne(slot: Slot): Promise<void> {
    try {
      await slot.boot();
    } catch (error) {
      if (this.#closed || this.#slots.includes(slot)) throw error;
    }
  }

  #launch(id: number): WorkerProcess {
    const { program, generation } = this.#release;
    const facts = this.#facts(id);
    const identity = { id, generation, handshake: hasHandshake(program) };
    const child = this.#spawn(program, facts);
    const worker = new WorkerProcess(child, identity, this.#options, this.#options.clock, {
      timeout: (silent) => this.#announcer.timedOut(silent, this.#options.timeoutMs),
      recycle: (tired, reason) => this.#recycleRequested(tired, reason),
    });
    this.#announcer.spawned(worker);
    return worker;
  }

  #spawn(program: WorkerProgram, facts: WorkerFacts): Child {
    try {
      return launch(this.#options, program, this.#sockets, facts);
    } catch (cause) {
      const { message } = cause as Error;
      throw new WorkerError('worker-boot', `worker ${facts.id} cannot be started: ${message}`, { cause });
    }
  }

  #facts(id: number): WorkerFacts {
    const { program, generation } = this.#release;
    const { name, backlog, gracefulTimeoutMs, timeoutMs } = this.#options;
    return {
      id,
      generation,
      masterPid: process.pid,
      ...(name !== undefined && { title: `${name}: worker ${id} [${this.#title}]` }),
      addresses: this.#sockets.map(({ address }) => address),
      backlog,
      beatMs: beatInterval(timeoutMs),
      gracefulTimeoutMs,
      hasData: program.data !== undefined,
    };
  }

  #recycleRequested(worker: WorkerProcess, reason: string): void {
    if (worker.state !== 'ready') return;
    this.#announcer.recycling(worker, reason);
    // A failure is told by the slot; the old worker stays and may ask again.
    this.recycle(worker.id).catch(() => undefined);
  }
}
