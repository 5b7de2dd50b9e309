import { createKeeper } from '@highball/limits';
import type { WorkerSide } from '@highball/prefork-master/worker';

/** The process that counts for all workers of the front, so that a limit is one for all of them. */
export async function runKeeper(master: WorkerSide): Promise<void> {
  const keeper = createKeeper();
  for (const fd of master.fds) await keeper.listen({ fd });
  master.onStop(() => keeper.close());
  master.ready();
}
