import { coalesce } from './coalesce.ts';
import { stoppedError } from './errors.ts';
import type { Emit, WorkerIdentity } from './events.ts';
import { hasHandshake, launch } from './launch.ts';
import type { ResolvedOptions, WorkerProgram } from './options.ts';
import type { WorkerFacts } from './protocol.ts';
import { Slot, type SlotHost, type WorkerStatus } from './slot.ts';
import type { OpenSocket } from './sockets.ts';
import { beatInterval, describeExit, type WorkerExit, WorkerProcess } from './worker-process.ts';

/** What a reload may change. */
export interface ReloadChanges {
  /** Another program for the workers, or other data for it. */
  readonly worker?: WorkerProgram;
}

/** The slots of one master, and what is done to all of them. */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #sockets: readonly OpenSocket[];
  readonly #emit: Emit;
  readonly #title: string | undefined;
  readonly #slots: Slot[] = [];
  /** Slots that scaling down has taken out of service, until their workers have exited. */
  readonly #leaving = new Set<Slot>();
  readonly #host: SlotHost;
  #program: WorkerProgram;
  #generation = 1;
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
    this.#program = options.worker;
    this.#host = this.#createHost();
  }

  get size(): number {
    return this.#slots.length;
  }

  get generation(): number {
    return this.#generation;
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

  /** Replaces the workers of one slot, because of `reason`. */
  async recycle(id: number, reason: string): Promise<void> {
    const slot = this.#slots.find((candidate) => candidate.id === id);
    if (!slot) return;
    this.#options.log.info({ worker: id, reason }, `worker ${id} is to be replaced: ${reason}`);
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
    const accepted = this.#program;
    this.#program = worker ?? accepted;
    this.#generation++;
    this.#reloading = true;
    this.#emit('reload', this.#generation);
    try {
      await this.#replaceAll();
      this.#emit('reloaded', this.#generation);
    } catch (error) {
      this.#program = accepted;
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
    const program = this.#program;
    const facts = this.#facts(id, program);
    const child = launch(this.#options, program, this.#sockets, facts);
    const identity = { id, generation: facts.generation, handshake: hasHandshake(program) };
    const { clock } = this.#options;
    const worker = new WorkerProcess(child, identity, this.#options, clock, {
      timeout: (silent) => this.#timedOut(silent),
      recycle: (tired, reason) => this.#recycleRequested(tired, reason),
    });
    this.#emit('workerSpawn', identify(worker));
    return worker;
  }

  #facts(id: number, program: WorkerProgram): WorkerFacts {
    const { name, backlog, gracefulTimeoutMs, timeoutMs } = this.#options;
    return {
      id,
      generation: this.#generation,
      masterPid: process.pid,
      ...(name !== undefined && { title: `${name}: worker ${id} [${this.#title}]` }),
      addresses: this.#sockets.map(({ address }) => address),
      backlog,
      beatMs: beatInterval(timeoutMs),
      gracefulTimeoutMs,
      hasData: program.data !== undefined,
    };
  }

  #createHost(): SlotHost {
    const { clock, backoff, log } = this.#options;
    return {
      clock,
      backoff,
      launch: (id) => this.#launch(id),
      ready: (worker) => {
        log.info(fieldsOf(worker), `${worker.label} is ready`);
        this.#emit('workerReady', identify(worker));
      },
      exited: (worker, exit) => this.#exited(worker, exit),
      bootFailed: (worker, error) => {
        log.error({ ...fieldsOf(worker), err: error }, error.message);
        this.#emit('workerBootFailed', identify(worker), error);
      },
      waiting: (id, delayMs, crashes) => {
        log.warn(
          { worker: id, delayMs, crashes },
          `worker ${id}: ${crashes} crashes in a row; the next attempt is in ${delayMs} ms`,
        );
        this.#emit('workerBackoff', id, delayMs, crashes);
      },
    };
  }

  #exited(worker: WorkerProcess, exit: WorkerExit): void {
    const message = `${worker.label} ${describeExit(exit.code, exit.signal)}`;
    if (exit.expected) this.#options.log.info(fieldsOf(worker), message);
    else this.#options.log.warn({ ...fieldsOf(worker), ...exit }, `${message} unasked`);
    this.#emit('workerExit', identify(worker), exit);
  }

  #timedOut(worker: WorkerProcess): void {
    const { log, timeoutMs } = this.#options;
    const { report } = worker;
    const last = report ? `its last report was ${JSON.stringify(report)}` : 'it had reported nothing';
    log.error(
      { ...fieldsOf(worker), report },
      `${worker.label} gave no sign of life for ${timeoutMs} ms and is replaced; ${last}`,
    );
    this.#emit('workerTimeout', identify(worker), report);
  }

  #recycleRequested(worker: WorkerProcess, reason: string): void {
    if (worker.state !== 'ready') return;
    this.#emit('workerRecycle', identify(worker), reason);
    // A failure is logged by the slot; the old worker stays and may ask again.
    this.recycle(worker.id, reason).catch(() => undefined);
  }
}

function identify({ id, pid, generation }: WorkerProcess): WorkerIdentity {
  return { id, pid, generation };
}

function fieldsOf({ id, pid, generation }: WorkerProcess): object {
  return { worker: id, pid, generation };
}
