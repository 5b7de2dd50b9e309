import type { Master, WorkerIdentity } from '@highball/prefork-master';
import type { HookRunner, ServerContext, WorkerContext } from './hooks.ts';

/** Calls the hooks of the master at the events of one pool. */
export function hookEvents(
  master: Master,
  pool: string,
  hooks: HookRunner,
  context: () => ServerContext,
): void {
  const of = (worker: WorkerIdentity): WorkerContext => ({ ...worker, pool });
  master.on('workerSpawning', (id, generation) =>
    hooks.start('preFork', context(), { id, pool, pid: undefined, generation }),
  );
  master.on('workerTimeout', (worker) => hooks.start('workerAbort', context(), of(worker)));
  master.on('workerExit', (worker, { code, signal, expected }) =>
    hooks.start('childExit', context(), of(worker), { code, signal, expected }),
  );
  master.on('scale', (workers, before) => hooks.start('nworkersChanged', context(), pool, workers, before));
}
