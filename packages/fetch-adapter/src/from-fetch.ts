import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { FetchRequestError } from './errors.ts';
import { BackgroundWork, ExecutionContext } from './execution-context.ts';
import { type FetchHandler, type FetchObject, handlerOf } from './handler.ts';
import { lightRequest } from './light-request.ts';
import { lightweightTypesInstalled } from './lightweight-types.ts';
import { checkMethod, nativeRequest } from './request.ts';
import { requestUrl } from './request-url.ts';
import { respond } from './respond.ts';

/** Options of {@link fromFetch}. */
export interface FromFetchOptions {
  /** Added to the second argument of the handler, Hono's `c.env`, beside `environ`. @default {} */
  readonly env?: Readonly<Record<string, unknown>>;
}

/** A fetch handler that has become a gateway application. */
export interface FetchApplication extends Application {
  /** Promises given to `ctx.waitUntil` that are not settled yet. */
  readonly pending: number;
  /** Resolves when all of them are, also those that are added meanwhile. To be awaited behind a worker's drain. */
  settled(): Promise<void>;
}

/**
 * Makes a gateway application of a fetch handler: a function, a Hono application, the default export of a Worker.
 *
 * A request of which no `Request` can be made (a Host that is none, the method TRACE) is answered 400 or 501 without
 * the handler. An error of the handler is the server's to report: 500.
 * @throws FetchOptionError when there is no handler.
 */
export function fromFetch(
  handler: FetchHandler | FetchObject,
  options: FromFetchOptions = {},
): FetchApplication {
  const handle = handlerOf(handler);
  const work = new BackgroundWork();
  const { env } = options;
  const app: Application = (environ, startResponse) => {
    let request: Request;
    try {
      request = makeRequest(environ);
    } catch (error) {
      return refuse(error, startResponse);
    }
    const response = handle(
      request,
      env === undefined ? { environ } : { ...env, environ },
      new ExecutionContext(work, environ['wsgi.errors']),
    );
    if (isPromise(response)) return response.then((ready) => respond(ready, environ, startResponse));
    return respond(response, environ, startResponse);
  };
  return Object.defineProperties(app, {
    pending: { get: () => work.size },
    settled: { value: () => work.settled() },
  }) as FetchApplication;
}

function makeRequest(environ: Environ): Request {
  checkMethod(environ.REQUEST_METHOD);
  const url = requestUrl(environ);
  return lightweightTypesInstalled() ? lightRequest(environ, url) : nativeRequest(environ, url);
}

function refuse(error: unknown, startResponse: StartResponse): ResponseBody {
  if (!(error instanceof FetchRequestError)) throw error;
  const status = error.status === 501 ? '501 Not Implemented' : '400 Bad Request';
  startResponse(status, [['Content-Type', 'text/plain; charset=utf-8']]);
  return [`${status}\n`];
}

/** By its shape: Hono's own promises and those of other realms are promises too. */
function isPromise(value: Response | Promise<Response>): value is Promise<Response> {
  return typeof (value as Promise<Response> | undefined)?.then === 'function';
}
