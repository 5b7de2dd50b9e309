import { importEntry } from './entry.js';

const { runWorker } = await importEntry('worker');
await runWorker();
