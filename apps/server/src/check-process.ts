import { checkSite } from './check-site.ts';
import { exitCodeOf, messageOf, oneLine } from './errors.ts';
import { loadPlanConfig, type WorkerPlan } from './plan.ts';

/** What is checked. */
export type CheckPlan = Pick<WorkerPlan, 'source' | 'settings'>;

/** What is wrong with it; nothing, if it is correct. */
export interface CheckOutcome {
  readonly problem?: { readonly message: string; readonly exitCode: number };
}

/**
 * The process that checks a configuration for a master, which itself is not to load what serves: tens of megabytes that
 * it would keep. Applications are left to the workers.
 */
export async function runCheck(): Promise<void> {
  const plan = await new Promise<CheckPlan>((resolve) => process.once('message', resolve as () => void));
  const outcome = await outcomeOf(plan);
  process.send?.(outcome, undefined, undefined, () => process.exit(0));
}

async function outcomeOf({ source }: CheckPlan): Promise<CheckOutcome> {
  try {
    const loaded = await loadPlanConfig(source);
    await checkSite({ ...loaded, place: source.file, run: () => Promise.resolve(() => []) });
    return {};
  } catch (error) {
    return { problem: { message: oneLine(messageOf(error)), exitCode: exitCodeOf(error) } };
  }
}
