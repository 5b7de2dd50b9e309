import {
  type Application,
  decodePath,
  type Environ,
  markInterface,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { answerOptions, answerRedirect } from './answers.ts';
import { resolveOptions, type RouterOptions } from './options.ts';
import { addParams } from './params.ts';
import type { Route } from './route.ts';
import { type Found, RouteTable } from './table.ts';

/**
 * Makes one application of many, by method and path.
 *
 * Paths without parameters are looked up at once; then patterns and mount points are tried in the order in which
 * they stand. HEAD goes to GET where it has no route of its own; OPTIONS, a method that is not known, and a path
 * that is not known are answered by the router.
 *
 * @param routes - lists of routes may be nested, as {@link group} returns them.
 * @throws RouterError for a route or an option that makes no sense.
 */
export function router(
  routes: readonly (Route | readonly Route[])[],
  options: RouterOptions = {},
): Application {
  const { notFound, methodNotAllowed, badRequest, trailingSlash, caseSensitive } = resolveOptions(options);
  const table = new RouteTable(routes.flat() as readonly Route[], caseSensitive);

  return markInterface((environ: Environ, startResponse: StartResponse) => {
    const path = pathOf(environ);
    if (path === undefined) return badRequest(environ, startResponse);
    if (isServerWide(environ)) return answerOptions(startResponse, allowedOf(table.allMethods()));
    const found = table.find(environ.REQUEST_METHOD, path);
    return found === undefined ? miss(environ, startResponse, path) : enter(found, environ, startResponse);
  }, 'wsgi');

  /** The path has no route for the method. */
  function miss(
    environ: Environ,
    startResponse: StartResponse,
    path: string,
  ): ResponseBody | Promise<ResponseBody> {
    const method = environ.REQUEST_METHOD;
    const other = trailingSlash === 'strict' ? undefined : withOtherEnd(path);
    const found = other === undefined ? undefined : table.find(method, other);
    if (other !== undefined && found !== undefined && found.mountedAt === undefined) {
      if (trailingSlash === 'redirect') return answerRedirect(environ, startResponse, other);
      return enter(found, environ, startResponse);
    }
    const methods = table.methodsOf(path);
    if (methods.length === 0) return notFound(environ, startResponse);
    if (method === 'OPTIONS') return answerOptions(startResponse, allowedOf(methods));
    return methodNotAllowed(environ, startResponse, allowedOf(methods));
  }
}

/** Calls the application of a route. */
function enter(
  { app, params, mountedAt }: Found,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody> {
  const inner = mountedAt === undefined ? environ : below(environ, mountedAt);
  addParams(inner, params);
  return app(inner, startResponse);
}

/** The environ of an application that is mounted at a path; the outer one stays as it is for who stands outside. */
function below(environ: Environ, mountedAt: string): Environ {
  const { SCRIPT_NAME, PATH_INFO } = environ;
  // PATH_INFO has a character for each byte, the path was text.
  const end = Buffer.byteLength(mountedAt);
  return { ...environ, SCRIPT_NAME: SCRIPT_NAME + PATH_INFO.slice(0, end), PATH_INFO: PATH_INFO.slice(end) };
}

/**
 * The path as text; an application that is mounted and asked for without a slash behind it has the empty one,
 * which is its root. Undefined when it is no UTF-8.
 */
function pathOf({ PATH_INFO }: Environ): string | undefined {
  if (PATH_INFO === '') return '/';
  try {
    return decodePath(PATH_INFO);
  } catch {
    return undefined;
  }
}

/** `OPTIONS *` asks about the server and not about a path (RFC 9110 §9.3.7). */
function isServerWide({ REQUEST_METHOD, RAW_URI, PATH_INFO }: Environ): boolean {
  return REQUEST_METHOD === 'OPTIONS' && RAW_URI === '*' && PATH_INFO === '';
}

/** What the router answers beside what it was given. */
function allowedOf(methods: readonly string[]): string[] {
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...new Set([...allowed.filter((method) => method !== '*'), 'OPTIONS'])];
}

/**
 * The path with a slash at its end, or without it. Undefined where there is none, and for `//host`: as a Location
 * that would lead to another server.
 */
function withOtherEnd(path: string): string | undefined {
  if (path === '/' || path.startsWith('//')) return undefined;
  return path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
}
