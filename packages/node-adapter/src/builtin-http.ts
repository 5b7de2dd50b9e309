import type * as Http from 'node:http';

/**
 * node:http. `import` would give it too, and with it all of its exports; one of them loads Node's `fetch`, which takes
 * 20 ms and some megabytes of each process (Node 22, 24 and 26).
 */
export const http: typeof Http = process.getBuiltinModule('node:http');
