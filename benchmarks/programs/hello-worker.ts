import { createWorker } from '@highball/async-worker';
import { app } from './hello.ts';

const worker = createWorker(app, { workerConnections: 4096 });
await worker.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });
