import {
  type Application,
  compose,
  type Environ,
  type Middleware,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { params } from './params.ts';
import type { PathParams } from './path-params.ts';

/** An application that also gets the parameters of its path. */
export type Handler<Params = unknown> = (
  environ: Environ,
  startResponse: StartResponse,
  params: Params,
) => ResponseBody | Promise<ResponseBody>;

/** One line of a router's table. Made by {@link get}, {@link mount} and the like. */
export interface Route {
  /** `*` stands for every method. */
  readonly method: string;
  readonly pattern: string;
  readonly app: Application;
  /** Whether it takes all paths below the pattern. */
  readonly mounted: boolean;
}

/** Makes the route of a method and a pattern. */
type RouteMaker = <Pattern extends string>(
  pattern: Pattern,
  handler: Handler<PathParams<Pattern>>,
  ...middleware: readonly Middleware[]
) => Route;

/**
 * A route.
 *
 * @param method - in upper case, as it stands in `REQUEST_METHOD`; `*` for all.
 * @param pattern - of path-to-regexp: `/posts/:id`, `/files/*file`, `/posts{/:page}`; as text, not percent-encoded.
 * @param handler - answers; its third argument has the parameters, typed by the pattern.
 * @param middleware - of this route alone; the first is the outermost. It finds the parameters by {@link params}.
 */
export function route<Pattern extends string>(
  method: string,
  pattern: Pattern,
  handler: Handler<PathParams<Pattern>>,
  ...middleware: readonly Middleware[]
): Route {
  const app: Application = (environ, startResponse) => handler(environ, startResponse, params(environ));
  return { method, pattern, app: compose(...middleware)(app), mounted: false };
}

function maker(method: string): RouteMaker {
  return (pattern, handler, ...middleware) => route(method, pattern, handler, ...middleware);
}

/** A route for GET; it answers HEAD too, where there is no route for that: the server leaves the body out. */
export const get: RouteMaker = maker('GET');
/** A route for POST. */
export const post: RouteMaker = maker('POST');
/** A route for PUT. */
export const put: RouteMaker = maker('PUT');
/** A route for PATCH (RFC 5789). */
export const patch: RouteMaker = maker('PATCH');
/** A route for DELETE; the word itself is taken. */
export const del: RouteMaker = maker('DELETE');
/** A route for all methods that have none of their own at this pattern. */
export const all: RouteMaker = maker('*');

/**
 * Gives all paths at and below a pattern to another application, which sees them as its own: what was matched
 * moves from `PATH_INFO` to `SCRIPT_NAME` (PEP 3333, "environ Variables"), in a copy of environ.
 *
 * @param pattern - without a slash at its end; it may have parameters.
 */
export function mount(pattern: string, app: Application, ...middleware: readonly Middleware[]): Route {
  return { method: '*', pattern, app: compose(...middleware)(app), mounted: true };
}

/** Wraps several routes into the same middleware, outside of what they have of their own. */
export function group(middleware: readonly Middleware[], routes: readonly Route[]): readonly Route[] {
  const wrap = compose(...middleware);
  return routes.map((route) => ({ ...route, app: wrap(route.app) }));
}
