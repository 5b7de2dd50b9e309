import { pbkdf2Sync } from 'node:crypto';
import type { Application } from '@highball/gateway-protocol';

const iterations = Number(process.env['HASH_ITERATIONS'] ?? 1000);

/** `/hash` computes for about 50 ms; everything else is trivial. */
const app: Application = (environ, startResponse) => {
  const body = environ.PATH_INFO === '/hash' ? hash() : 'Hello, World!';
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [body];
};

export function hash(count: number = iterations): string {
  return pbkdf2Sync('secret', 'salt', count, 32, 'sha256').toString('hex');
}

export default app;
