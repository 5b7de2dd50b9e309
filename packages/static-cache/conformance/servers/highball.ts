import { createWorker } from '@highball/async-worker';
import { staticCache } from '@highball/static-cache';

const { port } = await createWorker(staticCache(process.argv[2] as string)).listen({ port: 0 });
console.log(port);
