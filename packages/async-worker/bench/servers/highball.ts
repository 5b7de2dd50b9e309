import { createWorker } from '@highball/async-worker';

const BIG = Buffer.alloc(1_048_576, 'x');

/** The worker, with the smallest application, and a large answer for slow readers. Prints its port. */
const worker = createWorker(
  (environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return [environ.PATH_INFO === '/big' ? BIG : 'Hello, World!'];
  },
  // Room for what the benches open.
  { workerConnections: 16_000 },
);
process.on('SIGINT', () => process.exit(0));
process.on('SIGUSR2', () => globalThis.gc?.());
const { port } = await worker.listen({ port: 0 });
console.log(port);
