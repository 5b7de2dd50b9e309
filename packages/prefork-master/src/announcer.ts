import type { MasterError } from './errors.ts';
import type { Emit, WorkerIdentity } from './events.ts';
import type { LowMemoryLimit } from './memory-limit.ts';
import type { Logger } from './options.ts';
import type { SlotAnnouncements } from './slot.ts';
import { describeExit, type WorkerExit } from './worker-exit.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Tells what happens to workers: to the log, and as events. */
export class Announcer implements SlotAnnouncements {
  readonly #log: Logger;
  readonly #emit: Emit;
  /** Of the first start, whose failure the caller of `start()` is told: it need not be logged as well. */
  #starting = true;

  constructor(log: Logger, emit: Emit) {
    this.#log = log;
    this.#emit = emit;
  }

  /** From now on boot failures are logged. */
  started(): void {
    this.#starting = false;
  }

  spawning(id: number, generation: number): void {
    this.#emit('workerSpawning', id, generation);
  }

  spawned(worker: WorkerProcess): void {
    this.#emit('workerSpawn', identify(worker));
  }

  ready(worker: WorkerProcess): void {
    this.#log.info(identify(worker), `${worker.label} is ready`);
    this.#emit('workerReady', identify(worker));
  }

  exited(worker: WorkerProcess, exit: WorkerExit): void {
    this.#logExit(worker, exit);
    this.#emit('workerExit', identify(worker), exit);
  }

  bootFailed(slot: number, error: MasterError): void {
    if (!this.#starting) this.#log.error({ id: slot, err: error }, error.message);
    this.#emit('workerBootFailed', slot, error);
  }

  waiting(slot: number, delayMs: number, crashes: number): void {
    const message = `worker ${slot}: ${crashes} crashes in a row; the next attempt is in ${delayMs} ms`;
    this.#log.warn({ id: slot, delayMs, crashes }, message);
    this.#emit('workerBackoff', slot, delayMs, crashes);
  }

  /** @param serving - what it was busy with, if it has noted that. */
  timedOut(worker: WorkerProcess, timeoutMs: number, serving: string): void {
    const { label, report } = worker;
    const last = report ? `its last report was ${JSON.stringify(report)}` : 'it had reported nothing';
    const busy = serving === '' ? last : `it was serving ${serving}`;
    this.#log.error(
      { ...identify(worker), report, ...(serving !== '' && { serving }) },
      `${label} gave no sign of life for ${timeoutMs} ms and is ${worker.retired ? 'ended' : 'replaced'}; ${busy}`,
    );
    this.#emit('workerTimeout', identify(worker), report, serving);
  }

  recycling(worker: WorkerProcess, reason: string): void {
    this.#log.info({ ...identify(worker), reason }, `${worker.label} is to be replaced: ${reason}`);
    this.#emit('workerRecycle', identify(worker), reason);
  }

  memoryLimitLow(worker: WorkerProcess, low: LowMemoryLimit): void {
    this.#emit('memoryLimitLow', identify(worker), low);
  }

  #logExit(worker: WorkerProcess, exit: WorkerExit): void {
    // That a worker has not come up at all is told as such.
    if (exit.servedMs === undefined && !exit.expected) return;
    const message = `${worker.label} ${describeExit(exit.code, exit.signal)}`;
    const fields = { ...identify(worker), ...exit };
    if (!exit.expected) this.#log.warn(fields, `${message} unasked`);
    else if (exit.signal === 'SIGKILL') this.#log.warn(fields, `${message}: it took too long to stop`);
    else this.#log.info(fields, message);
  }
}

function identify({ id, pid, generation }: WorkerProcess): WorkerIdentity {
  return { id, pid, generation };
}
