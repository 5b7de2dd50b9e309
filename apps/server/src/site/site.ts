import { compression } from '@highball/compression';
import { errorPages } from '@highball/error-pages';
import { forwardProxy } from '@highball/forward-proxy';
import type { Application, Environ, Middleware } from '@highball/gateway-protocol';
import { keeperStore, limits } from '@highball/limits';
import type { Config, RedirectAction, RewriteAction, Route, RouteMatch } from '../config.ts';
import { type ActionContext, redirectAction, rewriteRule, routeTarget } from './actions.ts';
import { type Captures, createMatcher } from './match.ts';

/** What one route does with a request: answers it, passes it on with another address, or leaves it alone. */
type Step = (environ: Environ) => Application | Environ | undefined;

/**
 * Composes the routes of a configuration into one application. They are asked in their order; the first that
 * matches answers. A route that only rewrites passes the new address on to those below it, so that no chain of
 * rewrites can loop.
 * @throws CommandError when a route cannot be compiled or an application does not load.
 */
export async function createSite(config: Config, context: ActionContext): Promise<Application> {
  const { compress = false } = config;
  const withSite = { ...context, compresses: compress !== false };
  const steps = await Promise.all(
    config.routes.map((route, index) => createStep(route, `routes[${index}]`, withSite)),
  );
  return wrapSite(config, context, (environ, startResponse) => {
    let current = environ;
    for (const step of steps) {
      const result = step(current);
      if (typeof result === 'function') return result(current, startResponse);
      if (result !== undefined) current = result;
    }
    return notFound(current, startResponse);
  });
}

/** Middleware for all routes: who is refused costs least, and pages of errors are compressed as well. */
function wrapSite(config: Config, context: ActionContext, site: Application): Application {
  const { compress = false, errorPages: pages = false, limits: bounds, forwardProxy: egress } = config;
  let app = site;
  if (egress !== undefined) app = letOut(egress, context, app);
  if (bounds !== undefined) app = limited(bounds, context)(app);
  if (pages !== false) app = errorPages({ root: context.folder, ...(pages !== true && pages) })(app);
  if (compress !== false) app = compression(compress === true ? {} : compress)(app);
  return app;
}

/** What is for other servers goes there, if it may; what is for this one goes on. */
function letOut(
  egress: NonNullable<Config['forwardProxy']>,
  { log }: ActionContext,
  fallback: Application,
): Application {
  return forwardProxy({ ...egress, fallback, onRecord: (record) => log?.info('forwarded', { ...record }) });
}

function limited(
  bounds: NonNullable<Config['limits']>,
  { keeper, lifecycle, log }: ActionContext,
): Middleware {
  const middleware = limits({
    ...bounds,
    ...(keeper !== undefined && { store: keeperStore({ path: keeper }) }),
    ...(log && { log }),
  });
  lifecycle.onStop(() => middleware.close());
  return middleware;
}

async function createStep(route: Route, place: string, context: ActionContext): Promise<Step> {
  const match = createMatcher(route, place);
  if ('redirect' in route) {
    const act = redirectAction(route as Route & RedirectAction, place);
    return (environ) => whenMatched(match(environ), act);
  }
  const target = await routeTarget(route, context);
  if (!('rewrite' in route)) return (environ) => (match(environ) === undefined ? undefined : target);
  const rewrite = rewriteRule(route as RouteMatch & RewriteAction, place);
  return (environ) => {
    const captures = match(environ);
    if (captures === undefined) return undefined;
    const rewritten = rewrite(environ, captures);
    return target === undefined ? rewritten : (_, startResponse) => target(rewritten, startResponse);
  };
}

function whenMatched(
  captures: Captures | undefined,
  act: (captures: Captures) => Application,
): Application | undefined {
  return captures === undefined ? undefined : act(captures);
}

const notFound: Application = (_, startResponse) => {
  startResponse('404 Not Found', [['Content-Type', 'text/plain; charset=utf-8']]);
  return ['404 Not Found\n'];
};
