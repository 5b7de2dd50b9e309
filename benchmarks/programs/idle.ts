import type { Application } from '@highball/gateway-protocol';
import { memory } from './memory.ts';

export const app: Application = (environ, startResponse) => {
  const body = environ.PATH_INFO === '/memory' ? memory() : 'Hello, World!';
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', String(body.length)],
  ]);
  return [body];
};
