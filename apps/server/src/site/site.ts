import { compression } from '@highball/compression';
import { forwardProxy, isProxyRequest } from '@highball/forward-proxy';
import type { Application, Middleware } from '@highball/gateway-protocol';
import { keeperStore, limits } from '@highball/limits';
import { rewrite, RewriteError, type RewriteMiddleware, type Rule } from '@highball/rewrite';
import type { Config, Route } from '../config.ts';
import { CommandError, messageOf } from '../errors.ts';
import { type ActionContext, routeTarget } from './actions.ts';
import { trace } from './trace.ts';
import { sitePages } from './error-pages.ts';

/**
 * Composes the routes of a configuration into one application: they are the rules of @highball/rewrite, asked in
 * their order, and the first that answers is the last to be asked. A route that only rewrites passes the new address
 * on to those below it.
 * @throws CommandError when a route cannot be compiled or an application does not load.
 */
export async function createSite(config: Config, context: ActionContext): Promise<Application> {
  const withSite = { ...context, compresses: (config.compress ?? false) !== false };
  const rules = await Promise.all(config.routes.map((route) => ruleOf(route, withSite)));
  return wrapSite(config, context, compileRules(rules, context.folder)(notFound));
}

/** A route has what a rule has, and names who answers. */
async function ruleOf(route: Route, context: ActionContext): Promise<Rule> {
  const answer = await routeTarget(route, context);
  return (answer === undefined ? route : { ...route, answer }) as Rule;
}

/** @throws CommandError when a route makes no sense. */
export function compileRules(rules: readonly Rule[], root: string): RewriteMiddleware {
  try {
    return rewrite(rules, { root, listName: 'routes' });
  } catch (error) {
    throw error instanceof RewriteError ? new CommandError(error.message) : error;
  }
}

/** Middleware for all routes: who is refused costs least, and pages of errors are compressed as well. */
function wrapSite(config: Config, context: ActionContext, site: Application): Application {
  const { compress = false, limits: bounds, forwardProxy: egress } = config;
  const pages = sitePages(config, context.folder);
  const limit: Middleware = bounds === undefined ? (app) => app : limited(bounds, context);
  let app = limit(site);
  if (pages !== undefined) app = pages(app);
  if (compress !== false) app = compression(compress === true ? {} : compress)(app);
  app = traced(config, app);
  return egress === undefined ? app : withEgress(app, limit(letOut(egress, context)));
}

/** @throws CommandError when the configuration makes no sense in that. */
function traced(config: Config, site: Application): Application {
  try {
    return trace(config)?.(site) ?? site;
  } catch (error) {
    throw new CommandError(messageOf(error), { cause: error });
  }
}

/** What is for other servers goes there, if it may; what they answer is theirs: it gets no pages and no coding of ours. */
function withEgress(site: Application, proxy: Application): Application {
  return (environ, startResponse) => (isProxyRequest(environ) ? proxy : site)(environ, startResponse);
}

function letOut(egress: NonNullable<Config['forwardProxy']>, { log }: ActionContext): Application {
  return forwardProxy({ ...egress, onRecord: (record) => log?.info('forwarded', { ...record }) });
}

function limited(
  bounds: NonNullable<Config['limits']>,
  { keeper, lifecycle, log }: ActionContext,
): Middleware {
  const { store: makeStore, ...options } = bounds;
  const store = makeStore?.() ?? (keeper === undefined ? undefined : keeperStore({ path: keeper }));
  const middleware = limits({
    ...options,
    ...(store && { store }),
    ...(log && { log }),
  });
  lifecycle.onStop(() => middleware.close());
  return middleware;
}

const notFound: Application = (_, startResponse) => {
  startResponse('404 Not Found', [['Content-Type', 'text/plain; charset=utf-8']]);
  return ['404 Not Found\n'];
};
