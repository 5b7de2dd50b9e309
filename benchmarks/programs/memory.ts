import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is in use after a garbage collection: on the heap and in buffers, and all that is resident. */
export function memory(): string {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return JSON.stringify({ inUse: heapUsed + external, resident: rss });
}
