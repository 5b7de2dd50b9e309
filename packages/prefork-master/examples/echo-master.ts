/*
 * A TCP echo service with two workers: `node echo-master.ts 127.0.0.1:7000`, then `nc 127.0.0.1 7000`.
 * Kill a worker and it is replaced; send HUP to this process after a change of echo-worker.ts; TERM ends it.
 */
import { createMaster, formatBind, MasterError, parseBind } from '@highball/prefork-master';

try {
  const master = createMaster({
    name: 'echo',
    listen: [parseBind(process.argv[2] ?? '127.0.0.1:7000')],
    worker: { script: new URL('echo-worker.ts', import.meta.url), data: { greeting: 'hello' } },
    workers: 2,
    log: {
      info: (_fields, message) => console.log(message),
      warn: (_fields, message) => console.warn(message),
      error: (_fields, message) => console.error(message),
    },
  });
  master.handleSignals();
  await master.start();
  console.log(`echo on ${master.addresses().map(formatBind).join(', ')}, master ${process.pid}`);
} catch (error) {
  if (!(error instanceof MasterError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
