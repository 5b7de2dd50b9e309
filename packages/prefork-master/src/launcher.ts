import type { Announcer } from './announcer.ts';
import { WorkerError } from './errors.ts';
import { hasHandshake, launch } from './launch.ts';
import type { Child, ResolvedOptions, WorkerProgram } from './options.ts';
import { FIRST_SOCKET_FD, type WorkerFacts } from './protocol.ts';
import { createScoreboard, type ScoreboardFile } from './scoreboard.ts';
import type { SocketTable } from './socket-table.ts';
import { beatInterval, WorkerProcess } from './worker-process.ts';

/** What new workers are started from. */
export interface Release {
  readonly program: WorkerProgram;
  readonly generation: number;
}

/** Starts the worker processes of one master, each with its sockets and its record on the scoreboard. */
export class Launcher {
  readonly #options: ResolvedOptions;
  readonly #sockets: SocketTable;
  readonly #title: string | undefined;
  readonly #announcer: Announcer;
  readonly #recycle: (worker: WorkerProcess, reason: string) => void;
  readonly #scoreboard: ScoreboardFile | undefined = createScoreboard();

  constructor(
    options: ResolvedOptions,
    sockets: SocketTable,
    title: string | undefined,
    announcer: Announcer,
    recycle: (worker: WorkerProcess, reason: string) => void,
  ) {
    this.#options = options;
    this.#sockets = sockets;
    this.#title = title;
    this.#announcer = announcer;
    this.#recycle = recycle;
  }

  /** @throws {WorkerError} when there is no process to start. */
  launch(id: number, { program, generation }: Release): WorkerProcess {
    const { clock, timeoutMs } = this.#options;
    const handshake = hasHandshake(program);
    this.#announcer.spawning(id, generation);
    const record = handshake ? this.#scoreboard?.take() : undefined;
    const child = this.#spawn(program, this.#facts(id, { program, generation }, record), record);
    const worker = new WorkerProcess(child, { id, generation, handshake }, this.#options, clock, {
      timeout: (silent) => this.#announcer.timedOut(silent, timeoutMs, this.#busyWith(record)),
      recycle: this.#recycle,
    });
    void worker.exited.then(() => this.#release(record));
    this.#announcer.spawned(worker);
    return worker;
  }

  /** To be called when all workers have exited. */
  close(): void {
    this.#scoreboard?.close();
  }

  #spawn(program: WorkerProgram, facts: WorkerFacts, record: number | undefined): Child {
    const scoreboardFd = record === undefined ? undefined : this.#scoreboard?.fd;
    try {
      return launch(this.#options, program, this.#sockets.of(facts.id), facts, scoreboardFd);
    } catch (cause) {
      this.#release(record);
      const { message } = cause as Error;
      throw new WorkerError('worker-boot', `worker ${facts.id} cannot be started: ${message}`, { cause });
    }
  }

  #facts(id: number, { program, generation }: Release, record: number | undefined): WorkerFacts {
    const { name, backlog, gracefulTimeoutMs, sharing, timeoutMs } = this.#options;
    const sockets = this.#sockets.of(id);
    return {
      id,
      generation,
      masterPid: process.pid,
      ...(name !== undefined && { title: `${name}: worker ${id} [${this.#title}]` }),
      addresses: sockets.map(({ address }) => address),
      backlog,
      beatMs: beatInterval(timeoutMs),
      gracefulTimeoutMs,
      timeoutMs,
      hasData: program.data !== undefined,
      ...(record !== undefined && { scoreboard: { fd: FIRST_SOCKET_FD + sockets.length, record } }),
      shared: sharing === 'inherited',
    };
  }

  #busyWith(record: number | undefined): string {
    return record === undefined ? '' : (this.#scoreboard?.noted(record) ?? '');
  }

  #release(record: number | undefined): void {
    if (record !== undefined) this.#scoreboard?.release(record);
  }
}
