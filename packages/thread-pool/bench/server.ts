/** Serves `app.ts` in the loop of its sockets, or in threads: `server.ts [threads] [concurrency]`. Prints its port. */
import { createWorker } from '@highball/async-worker';
import { threadPool } from '@highball/thread-pool';
import app from './app.ts';

const [threads = 0, concurrency = 1] = process.argv.slice(2).map(Number);
const thread = { module: new URL('app.ts', import.meta.url) };
const pool = threadPool({ thread, threads: Math.max(1, threads), concurrency });
if (threads > 0) await pool.start();
const worker = createWorker(threads > 0 ? pool : app);
const { port } = await worker.listen({ port: 0 });
console.log(port);
