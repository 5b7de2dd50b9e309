import type { Settings } from './settings.ts';

/** Says when a worker has answered enough. */
export interface MaxRequests {
  reached(requests: number): boolean;
}

/** The limit of one worker: `maxRequests`, and at random up to `maxRequestsJitter` more. */
export function createMaxRequests(
  { maxRequests, maxRequestsJitter }: Pick<Settings, 'maxRequests' | 'maxRequestsJitter'>,
  random: () => number = Math.random,
): MaxRequests {
  const limit = maxRequests === 0 ? Infinity : maxRequests + Math.floor(random() * (maxRequestsJitter + 1));
  return { reached: (requests) => requests >= limit };
}
