// Highball's side of the reload test: it answers after 10 ms, so that there are always requests in flight.
import { setTimeout as sleep } from 'node:timers/promises';

export async function app(_environ, startResponse) {
  await sleep(10);
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '6'],
  ]);
  return ['hello\n'];
}
