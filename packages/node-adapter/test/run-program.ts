/** Runs a program as it is, its server captured, on the worker; prints the port. For the tests. */
import { createWorker } from '@highball/async-worker';
import { captureServers } from '../src/index.ts';

const [program = ''] = process.argv.slice(2);
const { captured } = await captureServers(() => import(program), {
  warn: (message) => console.error(`warned: ${message}`),
});
if (captured === undefined) throw new Error('nothing was captured');
const worker = createWorker(captured.application);
const { port } = await worker.listen({ port: 0 });
console.log(`asked ${JSON.stringify(captured.asked)}, serving on ${port}.`);
