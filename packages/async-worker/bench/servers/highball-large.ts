import { createWorker } from '@highball/async-worker';
import { answerMemory } from './answer-memory.ts';

/**
 * The worker, for slow clients: `/large` is some megabytes, `/upload` is read to its end and takes its size as an
 * answer, everything else is small. Deadlines can be shortened: `highball-large.ts [milliseconds]`.
 */
const LARGE = Buffer.alloc(8_388_608, 'x');
const deadlineMs = Number(process.argv[2] ?? 0);
const deadlines =
  deadlineMs > 0 ? { headTimeoutMs: deadlineMs, bodyGraceMs: deadlineMs, writeTimeoutMs: deadlineMs } : {};

const worker = createWorker(
  (environ, startResponse) => {
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
  },
  { workerConnections: 30_000, ...deadlines },
);
const { port } = await worker.listen({ port: 0 });
answerMemory();
console.log(port);
