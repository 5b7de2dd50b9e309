import { handleSignals } from '@highball/prefork-master';
import { createLog } from './log.ts';
import { Stack, type StackOptions } from './stack.ts';
import { startReport } from './start-report.ts';

/** Runs a server until a signal ends it. Resolves when everything has stopped. */
export async function runStack(options: Omit<StackOptions, 'log'>): Promise<void> {
  const { logLevel, logFormat } = options.settings;
  const log = createLog({ level: logLevel, format: logFormat, process: 'master' });
  const stack = new Stack({ ...options, log });
  await new Promise<void>((resolve, reject) => {
    const stop = async (signal: string, graceful: boolean): Promise<void> => {
      log.info(`${signal}: ${graceful ? 'finishing the requests, then stopping' : 'stopping at once'}`);
      await stack.stop({ graceful });
      resolve();
    };
    handleSignals(stack, {
      SIGTERM: () => stop('SIGTERM', true),
      SIGINT: () => stop('SIGINT', false),
      SIGQUIT: () => stop('SIGQUIT', false),
    });
    stack.start().then(() => console.log(startReport(stack, options.config)), reject);
  });
}
