import { createWorker } from '@highball/async-worker';

/** The worker, with the smallest application. Prints its port. */
const worker = createWorker((_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello, World!'];
});
process.on('SIGINT', () => process.exit(0));
const { port } = await worker.listen({ port: 0 });
console.log(port);
