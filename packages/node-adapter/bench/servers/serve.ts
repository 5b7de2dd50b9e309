/** Serves one of the hello-worlds on node:http or on the worker, and prints its port. */
import { createWorker } from '@highball/async-worker';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fromNode } from '../../src/index.ts';
import { handlers } from './handlers.ts';

const [server = '', name = ''] = process.argv.slice(2);
const handler = await handlers[name]?.();
if (handler === undefined) throw new Error(`no handler is called '${name}'`);

if (server === 'node-http') {
  const http = createServer(handler as (...args: unknown[]) => void).listen(0, '127.0.0.1');
  await once(http, 'listening');
  console.log((http.address() as AddressInfo).port);
} else {
  console.log((await createWorker(fromNode(handler)).listen({ port: 0 })).port);
}
