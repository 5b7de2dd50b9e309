import { setFlagsFromString } from 'node:v8';
import { importEntry } from './entry.js';

// V8 puts objects of a kind that has outlived some collections straight into the old space. In a server that is a
// mistake: requests die young, and a dead one in the old space keeps all that it names, and with it the next ones,
// through every scavenge. Express: 28 ms a scavenge with it, 1.3 ms without.
setFlagsFromString('--no-allocation-site-pretenuring');

const { runWorker } = await importEntry('worker');
await runWorker();
