import { createWorker } from '@highball/async-worker';
import { answerMemory } from './answer-memory.ts';

/**
 * The worker with its own defaults, for slow clients: `/large` is some megabytes, `/upload` is read to its end,
 * everything else is small. Prints its port.
 */
const LARGE = Buffer.alloc(8_388_608, 'x');

const worker = createWorker((environ, startResponse) => {
  const start = (): unknown => startResponse('200 OK', [['Content-Type', 'text/plain']]);
  if (environ.PATH_INFO === '/upload') {
    return (async () => {
      const body = await environ['wsgi.input'].read();
      start();
      return [`${body.length} bytes`];
    })();
  }
  start();
  return [environ.PATH_INFO === '/large' ? LARGE : 'Hello, World!'];
});
const { port } = await worker.listen({ port: 0 });
answerMemory();
console.log(port);
