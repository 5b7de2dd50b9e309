import type { ListenTarget } from './bind.ts';
import type { MasterError } from './errors.ts';
import type { WorkerExit } from './worker-process.ts';

/** Which worker an event is about. */
export interface WorkerIdentity {
  /** The slot: 1, 2… */
  readonly id: number;
  readonly pid: number | undefined;
  readonly generation: number;
}

/** What a master tells those who listen, and gunicorn's hook for the same moment. */
export interface MasterEvents {
  /** The sockets are open; no worker is started yet: on_starting. */
  listening: [addresses: readonly ListenTarget[]];
  /** All first workers are ready: when_ready. */
  ready: [];
  /** A worker process has been started: post_fork. */
  workerSpawn: [worker: WorkerIdentity];
  /** A worker is in service: post_worker_init. */
  workerReady: [worker: WorkerIdentity];
  /** A worker has not come up. */
  workerBootFailed: [slot: number, error: MasterError];
  /** A worker was silent for too long and is being killed: worker_abort. */
  workerTimeout: [worker: WorkerIdentity, report: object | undefined];
  /** A worker has asked to be replaced. */
  workerRecycle: [worker: WorkerIdentity, reason: string];
  /** A worker process has ended: child_exit. */
  workerExit: [worker: WorkerIdentity, exit: WorkerExit];
  /** A slot waits after repeated crashes. */
  workerBackoff: [slot: number, delayMs: number, crashes: number];
  /** A reload begins: on_reload. */
  reload: [generation: number];
  /** All workers are of the new generation. */
  reloaded: [generation: number];
  /** The number of workers is another one: nworkers_changed. */
  scale: [workers: number, before: number];
  /** The master begins to stop. */
  stopping: [graceful: boolean];
  /** All processes and sockets are gone: on_exit. */
  stopped: [];
}

/** Tells an event to whoever listens. */
export type Emit = <K extends keyof MasterEvents>(event: K, ...details: MasterEvents[K]) => void;
