/** A worker on the socket that it inherits as descriptor 3; each of its answers names it. */
import { createWorker } from '@highball/async-worker';

const [name, workerConnections] = process.argv.slice(2) as [string, string];
const worker = createWorker(
  (environ, startResponse) => {
    startResponse('200 OK', []);
    return [`${name}${environ.PATH_INFO}`];
  },
  { workerConnections: Number(workerConnections) },
);
await worker.listen({ fd: 3 });
process.on('message', () => process.send?.(worker.stats()));
process.send?.('listening');
