import { serve } from '@hono/node-server';
import { handlers } from './handlers.ts';

/** `hono-node-server.ts HANDLER native|lightweight`: prints its port. Lightweight is its own default. */
const [name = 'hono', types = 'lightweight'] = process.argv.slice(2);
const handler = handlers[name];
if (handler === undefined) throw new Error(`no handler ${name}`);
serve(
  { fetch: handler, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: types === 'lightweight' },
  ({ port }) => console.log(port),
);
