import { readFileSync } from 'node:fs';
import type { ListenTarget } from './bind.ts';
import { MisuseError } from './errors.ts';
import {
  FIRST_SOCKET_FD,
  isProtocolMessage,
  type MasterMessage,
  WORKER_VARIABLE,
  type WorkerFacts,
  type WorkerMessage,
} from './protocol.ts';

export type { FdTarget, ListenTarget, TcpTarget, UnixTarget } from './bind.ts';

/** A callback for the end of a worker. `graceful`: finish what is under way; otherwise there is no time for that. */
export type StopCallback = (graceful: boolean) => void | Promise<void>;

/** What a worker has of its master. */
export interface WorkerSide {
  /** The slot: 1, 2… A replacement has the id of the worker before it. */
  readonly id: number;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
  readonly masterPid: number;
  /** What the master was given as `worker.data`. */
  readonly data: unknown;
  /** The sockets, in the order of the master's `listen`: `server.listen({ fd }, worker.backlog)`. */
  readonly fds: readonly number[];
  /** Where each of them is bound. */
  readonly addresses: readonly ListenTarget[];
  /** For the second argument of `listen`: Node ignores one beside an `fd`, and would set the queue back to 511. */
  readonly backlog: number;
  /** Says that this worker serves from now on. */
  ready(): void;
  /** Says why this worker cannot come up, and exits: with 4 when the application is at fault, else with 3. */
  fail(error: unknown, options?: { readonly application?: boolean }): Promise<never>;
  /**
   * Called when the worker is to stop: by the master, by SIGTERM or SIGQUIT, or because the master is gone. When all
   * callbacks have settled the process exits. A quick stop may follow a graceful one: they are called again.
   */
  onStop(callback: StopCallback): void;
  /** Called when log files are to be opened anew. */
  onReopenLogs(callback: () => void): void;
  /** Tells the master how it goes: shown in its status, and in its log if this worker blocks. */
  report(stats: object): void;
  /** Asks for a replacement: this worker stays in service until that is ready. */
  recycle(reason: string): void;
}

/** How long a quick stop may take when there is no master to end it. */
const QUICK_TIMEOUT_MS = 2000;
/** How long the last words may take to get out. */
const FLUSH_TIMEOUT_MS = 1000;

let member: WorkerSide | undefined;

/**
 * Joins the master that started this process. From now on the event loop is watched, SIGTERM and SIGQUIT stop the
 * worker, and SIGINT and SIGHUP, which a terminal sends to everyone, are left to the master.
 * @throws {MisuseError} `not-a-worker` where no master has started this process.
 */
export function joinMaster(): WorkerSide {
  member ??= new Member(readFacts());
  return member;
}

function readFacts(): WorkerFacts {
  const text = process.env[WORKER_VARIABLE];
  if (text === undefined || !process.connected) {
    throw new MisuseError('not-a-worker', 'no master has started this process; run it by createMaster()');
  }
  // Not for the processes that this one starts.
  delete process.env[WORKER_VARIABLE];
  delete process.env['LISTEN_FDS'];
  return JSON.parse(text) as WorkerFacts;
}

class Member implements WorkerSide {
  readonly id: number;
  readonly generation: number;
  readonly masterPid: number;
  readonly data: unknown;
  readonly fds: readonly number[];
  readonly addresses: readonly ListenTarget[];
  readonly backlog: number;
  readonly #gracefulTimeoutMs: number;
  readonly #stopCallbacks: StopCallback[] = [];
  readonly #logCallbacks: (() => void)[] = [];
  #stopping: 'no' | 'graceful' | 'quick' = 'no';
  #beatUnderWay = false;

  constructor(facts: WorkerFacts) {
    this.id = facts.id;
    this.generation = facts.generation;
    this.masterPid = facts.masterPid;
    this.addresses = facts.addresses;
    this.backlog = facts.backlog;
    this.fds = facts.addresses.map((_, index) => FIRST_SOCKET_FD + index);
    this.data = facts.hasData ? JSON.parse(readFileSync(0, 'utf8')) : undefined;
    this.#gracefulTimeoutMs = facts.gracefulTimeoutMs;
    if (facts.title !== undefined) process.title = facts.title;
    this.#listen();
    setInterval(() => this.#beat(), facts.beatMs).unref();
  }

  ready(): void {
    this.#send({ prefork: 'ready' });
  }

  async fail(
    error: unknown,
    { application = false }: { readonly application?: boolean } = {},
  ): Promise<never> {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const code = application ? 4 : 3;
    setTimeout(() => process.exit(code), FLUSH_TIMEOUT_MS);
    this.#send({ prefork: 'fail', failure: { message, stack, application } }, () => process.exit(code));
    return new Promise<never>(() => undefined);
  }

  onStop(callback: StopCallback): void {
    this.#stopCallbacks.push(callback);
  }

  onReopenLogs(callback: () => void): void {
    this.#logCallbacks.push(callback);
  }

  report(stats: object): void {
    this.#send({ prefork: 'report', stats });
  }

  recycle(reason: string): void {
    this.#send({ prefork: 'recycle', reason });
  }

  #listen(): void {
    process.on('message', (message) => this.#hear(message));
    process.on('disconnect', () => this.#orphaned());
    process.on('SIGTERM', () => this.#stop(true));
    process.on('SIGQUIT', () => this.#stop(false));
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR1', () => this.#reopenLogs());
  }

  #hear(message: unknown): void {
    if (!isProtocolMessage(message)) return;
    const known = message as MasterMessage;
    if (known.prefork === 'stop') this.#stop(known.graceful);
    else if (known.prefork === 'reopen-logs') this.#reopenLogs();
  }

  /** The master is gone, and nobody will end this process if it does not do so by itself. */
  #orphaned(): void {
    const left = this.#stopping === 'quick' ? QUICK_TIMEOUT_MS : this.#gracefulTimeoutMs;
    setTimeout(() => process.exit(1), left);
    this.#stop(true);
  }

  #stop(graceful: boolean): void {
    if (this.#stopping === 'quick' || (graceful && this.#stopping === 'graceful')) return;
    this.#stopping = graceful ? 'graceful' : 'quick';
    void this.#leave(graceful);
  }

  async #leave(graceful: boolean): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.#stopCallbacks.map(async (callback) => callback(graceful)),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) console.error(failed.reason);
    process.exit(failed ? 1 : 0);
  }

  #reopenLogs(): void {
    for (const callback of this.#logCallbacks) callback();
  }

  /** One beat at a time: a master that is stopped for hours does not fill this process's memory. */
  #beat(): void {
    if (this.#beatUnderWay) return;
    this.#beatUnderWay = true;
    this.#send({ prefork: 'beat' }, () => (this.#beatUnderWay = false));
  }

  #send(message: WorkerMessage, sent: () => void = () => undefined): void {
    // Without a channel there is nobody to tell: the worker is stopping by then.
    if (process.connected) process.send?.(message, undefined, undefined, sent);
    else sent();
  }
}
