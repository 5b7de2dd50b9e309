import type { Config } from '../config.ts';

/**
 * Whether the workers of the front run code of the configuration's author for requests: nobody knows for how long it
 * computes, and an answer that is ready must not wait for that.
 */
export function runsOwnCode({ routes, hooks = {} }: Pick<Config, 'routes' | 'hooks'>): boolean {
  const hooked = hooks.preRequest !== undefined || hooks.postRequest !== undefined;
  return hooked || routes.some((route) => 'app' in route || 'cgi' in route);
}
