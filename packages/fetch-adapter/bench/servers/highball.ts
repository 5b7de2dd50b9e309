import { createWorker } from '@highball/async-worker';
import { fromFetch, installLightweightTypes } from '../../src/index.ts';
import { handlers } from './handlers.ts';

/** `highball.ts HANDLER native|lightweight`: prints its port. */
const [name = 'hono', types = 'native'] = process.argv.slice(2);
if (types === 'lightweight') installLightweightTypes();
const handler = handlers[name];
if (handler === undefined) throw new Error(`no handler ${name}`);
const { port } = await createWorker(fromFetch(handler)).listen({ port: 0 });
console.log(port);
