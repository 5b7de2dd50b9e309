import { importEntry } from './entry.js';

const { runThread } = await importEntry('application/thread');
await runThread();
