import { createWorker } from '@highball/async-worker';
import { answerMemory } from './answer-memory.ts';

/** The worker, with the smallest application. Prints its port. */
const worker = createWorker(
  (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return ['Hello, World!'];
  },
  { workerConnections: 30_000 },
);
const { port } = await worker.listen({ port: 0 });
answerMemory();
console.log(port);
