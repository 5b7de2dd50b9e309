/** A worker on the socket that it inherits as descriptor 3; each of its answers names it. That of /stay ends when its client leaves. */
import { createWorker } from '@highball/async-worker';

const [name, workerConnections] = process.argv.slice(2) as [string, string];
const worker = createWorker(
  (environ, startResponse) => {
    startResponse('200 OK', []);
    const answer = `${name}${environ.PATH_INFO}`;
    return environ.PATH_INFO === '/stay' ? untilGone(answer, environ['highball.signal']?.()) : [answer];
  },
  { workerConnections: Number(workerConnections), drainIdleMs: 200 },
);
await worker.listen({ fd: 3 });

async function* untilGone(answer: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
  yield answer;
  await new Promise((resolve) => signal?.addEventListener('abort', resolve));
}

process.on('message', (message) => {
  if (message === 'hold' || message === 'release') worker[message]();
  if (message !== 'drain') process.send?.(worker.stats());
  else void worker.drain().then(() => process.send?.('drained'));
});
process.send?.('listening');
