import { Arbiter } from './arbiter.ts';
import type { ListenTarget } from './bind.ts';
import type { MasterEvents } from './events.ts';
import { type MasterOptions, resolveOptions } from './options.ts';
import type { ReloadChanges, WorkerReply } from './pool.ts';
import type { SignalHandlers } from './signals.ts';
import type { MasterStatus } from './status.ts';
import type { UpgradeOptions } from './upgrade-types.ts';

/** How workers are asked. */
export interface AskOptions {
  /** How long an answer may take. @default 5000 */
  readonly timeoutMs?: number;
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
   * Replaces all workers, one by one; resolves when the last of the old ones has exited, or has been retired for
   * `gracefulTimeoutMs`. Calls during a reload share one more after it.
   * @throws {MasterError} when a new worker does not come up: the remaining old ones stay in service.
   */
  reload(changes?: ReloadChanges): Promise<void>;
  /**
   * Changes the number of workers; with 0, connections wait in the backlog. Resolves when the new ones are ready and
   * the others have exited, or have been retired for `gracefulTimeoutMs`.
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
  /**
   * Asks all workers that serve, also those that were told to stop and finish their work. Resolves with what each has
   * said (`onAsk` of the worker's side), or why it has said nothing; one that is still booting is not asked.
   * @param question - as JSON can carry it.
   */
  ask(question: unknown, options?: AskOptions): Promise<readonly WorkerReply[]>;
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
