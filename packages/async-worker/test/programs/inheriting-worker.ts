/** A worker on the socket that it inherits as descriptor 3; each of its answers names it. */
import { createWorker } from '@highball/async-worker';

const [name, workerConnections] = process.argv.slice(2) as [string, string];
const worker = createWorker(
  (environ, startResponse) => {
    startResponse('200 OK', []);
    return [`${name}${environ.PATH_INFO}`];
  },
  { workerConnections: Number(workerConnections), drainIdleMs: 200 },
);
await worker.listen({ fd: 3 });
process.on('message', (message) => {
  if (message === 'hold' || message === 'release') worker[message]();
  if (message !== 'drain') process.send?.(worker.stats());
  else void worker.drain().then(() => process.send?.('drained'));
});
process.send?.('listening');
