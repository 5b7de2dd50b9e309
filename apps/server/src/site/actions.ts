import type { Application, HeaderField } from '@highball/gateway-protocol';
import type { Lifecycle } from '../application/lifecycle.ts';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CgiAction, Route, StaticAction } from '../config.ts';
import { at, CommandError } from '../errors.ts';
import type { ForwardOptions } from '../upstream/config.ts';
import type { WorkerLog } from '../worker-log.ts';
import type { SiteCaches } from './caches.ts';
import { cacheOptions } from './route-cache.ts';

/** Where names lead: folders and modules relative to the configuration, upstreams by name. */
export interface ActionContext {
  folder: string;
  upstreams: { application(name: string, forward?: ForwardOptions): Application | undefined };
  /** Whether the answers of the site are compressed. */
  compresses?: boolean;
  /** Where the caches of its routes are to be found. */
  caches: SiteCaches;
  /** The socket of the process that counts for all workers. */
  keeper?: string | undefined;
  log?: WorkerLog;
  /** Where it is said what is to be done at the end. */
  lifecycle: Lifecycle;
  /** Runs the application of a module. */
  run(spec: string): Promise<Application>;
}

/**
 * The application that a route ends in, or undefined when it rewrites, redirects or refuses.
 * @param place - what the route is called in messages.
 * @throws CommandError when an application does not load, or an option makes no sense.
 */
export async function routeTarget(
  route: Route,
  place: string,
  context: ActionContext,
): Promise<Application | undefined> {
  const target = await at(place, () => actionTarget(route, context));
  return target && at(`${place}.cache`, () => withOptions(target, route, context));
}

/** Wraps what a route ends in into what it asks for besides. */
async function withOptions(target: Application, route: Route, context: ActionContext): Promise<Application> {
  const { compress = true } = route;
  const cached = cacheOptions(route);
  let app = target;
  if (cached !== undefined) {
    const wrap = await context.caches.create(route, cached, context);
    app = wrap(app);
  }
  return compress || !context.compresses ? app : uncompressed(app);
}

/** Tells @highball/compression to leave the answer as it is: it takes this field off again. */
function uncompressed(app: Application): Application {
  return (environ, startResponse) =>
    app(environ, (status, headers, error) => startResponse(status, [...headers, IDENTITY], error));
}

const IDENTITY: HeaderField = ['Content-Encoding', 'identity'];

async function actionTarget(route: Route, context: ActionContext): Promise<Application | undefined> {
  if ('static' in route && route.static !== undefined)
    return staticFiles(route as StaticAction, context.folder);
  if ('proxy' in route && route.proxy !== undefined)
    return context.upstreams.application(route.proxy, route.forward);
  if ('app' in route && route.app !== undefined) return context.run(route.app);
  if ('cgi' in route) return cgiPrograms(route, context.folder);
  return undefined;
}

async function staticFiles(action: StaticAction, folder: string): Promise<Application> {
  const { staticCache } = await import('@highball/static-cache');
  return staticCache(resolve(folder, action.static), {
    ...action.files,
    ...(action.prefix !== undefined && { prefix: action.prefix }),
    ...(action.maxAge !== undefined && { maxAgeSeconds: action.maxAge }),
    ...(action.fallback !== undefined && { fallback: action.fallback }),
  });
}

/** @throws CommandError when there is no such program or folder. */
async function cgiPrograms({ cgi: path, prefix }: CgiAction, folder: string): Promise<Application> {
  const { cgi, cgiDirectory } = await import('@highball/cgi');
  const place = resolve(folder, path);
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) throw new CommandError(`cgi: there is no ${place}`);
  if (stats.isDirectory()) return cgiDirectory(place, prefix === undefined ? {} : { prefix });
  return below(prefix ?? '', cgi(place));
}

/** Moves the start of the path from PATH_INFO to SCRIPT_NAME (RFC 3875 §4.1.13). */
function below(prefix: string, app: Application): Application {
  if (prefix === '') return app;
  return (environ, startResponse) => {
    const { SCRIPT_NAME, PATH_INFO } = environ;
    if (!PATH_INFO.startsWith(prefix)) return app(environ, startResponse);
    const moved = { SCRIPT_NAME: SCRIPT_NAME + prefix, PATH_INFO: PATH_INFO.slice(prefix.length) };
    return app({ ...environ, ...moved }, startResponse);
  };
}
