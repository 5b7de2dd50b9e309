import type { Environ } from '@highball/gateway-protocol';
import type { PathParams } from './path-params.ts';

/** The key of environ that has the parameters of the route, as text. */
const PARAMS = 'router.params';

/** What a path brought, by the names in its pattern. */
export type ParamValues = Readonly<Record<string, string>>;

/** Those of a path without any: all such requests share it. */
export const NO_PARAMS: ParamValues = Object.freeze({});

/**
 * The parameters of the route that a request took, for what stands behind the router: middleware of a route, or a
 * mounted application. Those of a mount point and of a route below it come together.
 *
 * @typeParam Pattern - the pattern of the route, as `params<'/posts/:id'>(environ)`.
 */
export function params<Pattern extends string>(environ: Environ): PathParams<Pattern> {
  return (environ[PARAMS] ?? NO_PARAMS) as PathParams<Pattern>;
}

/** Adds what a route brought to what an outer one has brought. */
export function addParams(environ: Environ, values: ParamValues): void {
  if (values === NO_PARAMS) return;
  const outer = environ[PARAMS] as ParamValues | undefined;
  environ[PARAMS] = outer === undefined ? values : { ...outer, ...values };
}
