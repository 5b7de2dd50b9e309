import type { Application } from '@highball/gateway-protocol';

/** More than a tenth of a millisecond of work: what the load itself takes of the CPUs is little beside it. */
const STEPS = 40_000;

export const app: Application = (_environ, startResponse) => {
  let sum = 0;
  for (let i = 0; i < STEPS; i++) sum = (sum + i * i) % 1_000_003;
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [String(sum)];
};
