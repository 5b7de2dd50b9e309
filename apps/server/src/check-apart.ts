import { fork } from 'node:child_process';
import type { CheckOutcome, CheckPlan } from './check-process.ts';
import { CommandError } from './errors.ts';
import { workerEnvironment } from './pool-options.ts';

/**
 * Has a process of its own check what only packages know of a configuration, before anything is bound or replaced.
 * Applications are not loaded.
 * @throws CommandError that names the place and the mend, with the exit code of a start.
 */
export async function checkApart({ source, settings }: CheckPlan): Promise<void> {
  // What the command line says has been checked with its flags.
  if (source.kind !== 'file') return;
  const { problem } = await ask({ source, settings });
  if (problem !== undefined) throw new CommandError(problem.message, { exitCode: problem.exitCode });
}

function ask(plan: CheckPlan): Promise<CheckOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<CheckOutcome>();
  const { execArgv, env } = workerEnvironment(plan.settings);
  const child = fork(new URL('../bin/check.js', import.meta.url), {
    execArgv,
    env: { ...process.env, ...env },
    // What the configuration says when it is loaded, it has said to the master.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // What a terminal sends to everyone is for the master.
    detached: true,
    timeout: plan.settings.bootTimeout * 1000,
  });
  child.once('message', (outcome) => resolve(outcome as CheckOutcome));
  child.once('error', (cause) => reject(failed(cause.message, cause)));
  // Its last words come before.
  child.once('close', (code, signal) => reject(failed(`it has ended with ${signal ?? code}`)));
  child.send(plan, () => undefined);
  return promise;
}

function failed(why: string, cause?: Error): CommandError {
  return new CommandError(`the configuration could not be checked: ${why}`, { cause });
}
