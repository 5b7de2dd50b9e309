import { createWorker } from '@highball/async-worker';
import { accessLog } from '../src/index.ts';

/* `server.ts FORMAT FILE`: answers Hello, World!, and logs as it is told; FORMAT `none` logs nothing. */
const [format = 'none', to = '-'] = process.argv.slice(2);
const log = format === 'none' ? undefined : accessLog({ format, to });
const worker = createWorker(
  (_environ, startResponse) => {
    startResponse('200 OK', [['Content-Type', 'text/plain']]);
    return ['Hello, World!\n'];
  },
  log ? { onResponse: log.onResponse } : {},
);
const address = await worker.listen({ port: 0 });
console.log(`port ${address.port}`);
