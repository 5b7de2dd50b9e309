import type { ListenTarget } from './bind.ts';
import type { MasterError, UpgradeError } from './errors.ts';
import type { LowMemoryLimit } from './memory-limit.ts';
import type { WorkerExit } from './worker-exit.ts';

/** Which worker an event is about. */
export interface WorkerIdentity {
  /** The slot: 1, 2… */
  readonly id: number;
  readonly pid: number | undefined;
  readonly generation: number;
}

/** What a master tells those who listen, and gunicorn's hook for the same moment. */
export interface MasterEvents {
  /** Nothing is bound yet: on_starting. */
  starting: [];
  /** The sockets are open; no worker is started yet. */
  listening: [addresses: readonly ListenTarget[]];
  /** All first workers are ready: when_ready. */
  ready: [];
  /** A worker process is about to be started: pre_fork. */
  workerSpawning: [slot: number, generation: number];
  /** A worker process has been started: post_fork. */
  workerSpawn: [worker: WorkerIdentity];
  /** A worker is in service: post_worker_init. */
  workerReady: [worker: WorkerIdentity];
  /** A worker has not come up. */
  workerBootFailed: [slot: number, error: MasterError];
  /** A worker was silent for too long and is being killed: worker_abort. `serving` is empty if it noted nothing. */
  workerTimeout: [worker: WorkerIdentity, report: object | undefined, serving: string];
  /** A worker is being replaced because it has asked for it, or come to a limit. */
  workerRecycle: [worker: WorkerIdentity, reason: string];
  /** A worker was beyond `maxMemoryBytes` from its start: it is replaced once, and then such are left alone for a while. */
  memoryLimitLow: [worker: WorkerIdentity, low: LowMemoryLimit];
  /** A worker process has ended: child_exit. */
  workerExit: [worker: WorkerIdentity, exit: WorkerExit];
  /** A slot waits after repeated crashes. */
  workerBackoff: [slot: number, delayMs: number, crashes: number];
  /** A reload begins: on_reload. */
  reload: [generation: number];
  /** All workers that serve are of the new generation; those before them may still finish their work. */
  replaced: [generation: number];
  /** Those before them have left, or have had the time that requests get. */
  reloaded: [generation: number];
  /** The number of workers is another one: nworkers_changed. */
  scale: [workers: number, before: number];
  /** Something has changed under `watch`; a reload follows. */
  change: [name: string];
  /** The workers are being stopped, the sockets stay. */
  retire: [];
  /** A new master process is about to be started: pre_exec. Write down what it has to find, such as a pidfile. */
  upgrade: [];
  /** The new master serves, beside this one: from now on it is the one to be told of (MAINPID of sd_notify(3)). */
  upgradeReady: [pid: number];
  /** The new master has not come up; this one has served on. */
  upgradeFailed: [error: UpgradeError];
  /** The new master was ready and has ended; this one is the only one again. */
  upgradeLost: [pid: number];
  /** In the new master: the old one is gone. Now the pidfile is its own. */
  promoted: [oldPid: number];
  /** The master begins to stop. */
  stopping: [graceful: boolean];
  /** All processes and sockets are gone: on_exit. */
  stopped: [];
}

/** Tells an event to whoever listens. */
export type Emit = <K extends keyof MasterEvents>(event: K, ...details: MasterEvents[K]) => void;
