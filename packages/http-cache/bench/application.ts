import type { Application } from '@highball/gateway-protocol';

/** A kilobyte that may be kept for an hour, with what a cache has to look at. */
export const app: Application = (_, startResponse) => {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Cache-Control', 'max-age=3600'],
    ['ETag', '"a"'],
    ['Vary', 'Accept-Encoding'],
  ]);
  return [Buffer.alloc(1024, 'x')];
};
