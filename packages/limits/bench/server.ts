import { createWorker } from '@highball/async-worker';
import type { Application } from '@highball/gateway-protocol';
import { keeperStore, limits, type LimitRule } from '../src/index.ts';

/* `server.ts WHICH [SOCKET]`: answers Hello, World!, with limits that nobody comes to. */
const [which = 'none', path = ''] = process.argv.slice(2);
const rate: LimitRule = { name: 'rate', requestsPerSecond: 1e6, burst: 1e5, nodelay: true };
const concurrency: LimitRule = { name: 'at-a-time', concurrentRequests: 1000 };
const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello, World!\n'];
};
const variants: Record<string, () => Application> = {
  none: () => hello,
  rate: () => limits({ rules: [rate] })(hello),
  'rate and concurrency': () => limits({ rules: [rate, concurrency] })(hello),
  'rate, keeper': () => limits({ rules: [rate], store: keeperStore({ path }) })(hello),
  'rate, keeper, no leases': () =>
    limits({ rules: [rate], store: keeperStore({ path, leaseRequests: 0 }) })(hello),
};
const worker = createWorker((variants[which] as () => Application)());
const address = await worker.listen({ port: 0 });
console.log(`port ${address.port}`);
