import { importEntry } from './entry.js';

const { runCheck } = await importEntry('check-process');
await runCheck();
