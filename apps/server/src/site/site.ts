import type { Application, Middleware } from '@highball/gateway-protocol';
import { rewrite, RewriteError, type RewriteMiddleware, type Rule } from '@highball/rewrite';
import type { Config, Route } from '../config.ts';
import { at, CommandError } from '../errors.ts';
import { type ActionContext, routeTarget } from './actions.ts';
import { sitePages } from './error-pages.ts';

/**
 * Composes the routes of a configuration into one application: they are the rules of @highball/rewrite, asked in
 * their order, and the first that answers is the last to be asked. A route that only rewrites passes the new address
 * on to those below it.
 * @throws CommandError when a route cannot be compiled or an application does not load.
 */
export async function createSite(config: Config, context: ActionContext): Promise<Application> {
  const withSite = { ...context, compresses: (config.compress ?? false) !== false };
  const rules = await Promise.all(
    config.routes.map((route, index) => ruleOf(route, `routes[${index}]`, withSite)),
  );
  return wrapSite(config, context, compileRules(rules, context.folder)(notFound));
}

/** A route has what a rule has, and names who answers. */
async function ruleOf(route: Route, place: string, context: ActionContext): Promise<Rule> {
  const answer = await routeTarget(route, place, context);
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

/**
 * Middleware for all routes, each loaded only where it is wanted: who is refused costs least, and pages of errors are compressed as well.
 */
async function wrapSite(config: Config, context: ActionContext, site: Application): Promise<Application> {
  const { compress = false, limits: bounds, forwardProxy: egress } = config;
  const pages = await at('errorPages', () => sitePages(config, context.folder));
  const limit: Middleware =
    bounds === undefined ? (app) => app : await at('limits', () => limited(bounds, context));
  let app = limit(site);
  if (pages !== undefined) app = pages(app);
  if (compress !== false)
    app = await at('compress', () => compressed(app, compress === true ? {} : compress));
  app = await traced(config, app);
  return egress === undefined ? app : at('forwardProxy', () => withEgress(app, egress, limit, context));
}

async function compressed(
  site: Application,
  options: Exclude<NonNullable<Config['compress']>, boolean>,
): Promise<Application> {
  const { compression } = await import('@highball/compression');
  return compression(options)(site);
}

/** @throws CommandError when the configuration makes no sense in that. */
async function traced(config: Config, site: Application): Promise<Application> {
  const { explain, serverTiming = false, requestId = false } = config;
  if (explain === undefined && !serverTiming && !requestId) return site;
  const { trace } = await import('./trace.ts');
  return at('explain', () => trace(config)?.(site) ?? site);
}

/** What is for other servers goes there, if it may; what they answer is theirs: it gets no pages and no coding of ours. */
async function withEgress(
  site: Application,
  egress: NonNullable<Config['forwardProxy']>,
  limit: Middleware,
  { log }: ActionContext,
): Promise<Application> {
  const { forwardProxy, isProxyRequest } = await import('@highball/forward-proxy');
  const proxy = limit(
    forwardProxy({ ...egress, onRecord: (record) => log?.info('forwarded', { ...record }) }),
  );
  return (environ, startResponse) => (isProxyRequest(environ) ? proxy : site)(environ, startResponse);
}

async function limited(
  bounds: NonNullable<Config['limits']>,
  { keeper, lifecycle, log }: ActionContext,
): Promise<Middleware> {
  const { keeperStore, limits } = await import('@highball/limits');
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
