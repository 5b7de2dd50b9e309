import type { Master, WorkerProgram } from '@highball/prefork-master';

/**
 * Replaces the workers of pools, one pool after the other. What is behind need not be empty before the next pool begins:
 * it may be what the old workers of that one hold open.
 * @throws the error of a pool whose workers stay; those behind it are of the new generation.
 */
export async function replaceInTurn(
  pools: readonly { readonly master: Master; readonly worker: WorkerProgram }[],
): Promise<void> {
  const reloads: Promise<void>[] = [];
  for (const { master, worker } of pools) {
    const { promise: replaced, resolve } = Promise.withResolvers<void>();
    const tell = (): void => resolve();
    master.once('replaced', tell);
    const reload = master.reload({ worker }).finally(() => master.off('replaced', tell));
    // A later one may fail before this one is awaited.
    reload.catch(() => undefined);
    reloads.push(reload);
    await Promise.race([replaced, reload]);
  }
  await Promise.all(reloads);
}
