import type { Application, Middleware, ResponseBody } from '@highball/gateway-protocol';
import { chooseForm } from './accept.ts';
import { Exchange } from './exchange.ts';
import { type ErrorPagesOptions, resolveOptions } from './options.ts';
import { defaultPage, type ErrorFacts, type ErrorPage, headersOf, type MoreFacts } from './page.ts';
import { textOf } from './statuses.ts';

/** Middleware, and the same pages for whoever answers before an application is reached. */
export interface ErrorPages extends Middleware {
  /**
   * The page of a status: own file or designed.
   * @param status - from 400 to 599; of others it is 500.
   * @param accept - the client's Accept.
   */
  page(status: number, accept?: string, more?: MoreFacts): ErrorPage;
}

/**
 * Middleware that gives errors a page: HTML for browsers, problem details for who asks for JSON, text for others;
 * designed ones, or own files by status. An error that the application has a body for is its own, unless
 * `intercept` says otherwise. Status and fields such as Retry-After, Allow and WWW-Authenticate are kept.
 *
 * @throws ErrorPagesError when an option makes no sense, or a file cannot be read.
 */
export function errorPages(options: ErrorPagesOptions = {}): ErrorPages {
  const { pages, interceptAll, requestId } = resolveOptions(options);

  const pageOf = (status: number, accept?: string, more: MoreFacts = {}): ErrorPage => {
    const known = Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
    const facts: ErrorFacts = { status: known, ...more };
    const form = chooseForm(accept);
    for (const key of [String(known), `${String(known)[0]}xx`]) {
      const own = pages.get(key)?.find((page) => page.form === form);
      if (own === undefined) continue;
      const status = `${known} ${textOf(known).reason}`;
      return { status, headers: headersOf(form, false), body: own.render(facts) };
    }
    return defaultPage(form, facts);
  };

  const settings = { interceptAll, requestId, page: pageOf };
  const middleware =
    (app: Application): Application =>
    (environ, startResponse) => {
      const exchange = new Exchange(environ, startResponse, settings);
      const body = app(environ, exchange.start);
      return isPromise(body) ? body.then((ready) => exchange.finish(ready)) : exchange.finish(body);
    };
  return Object.assign(middleware, { page: pageOf });
}

function isPromise(body: ResponseBody | Promise<ResponseBody>): body is Promise<ResponseBody> {
  return typeof (body as Partial<Promise<ResponseBody>> | undefined)?.then === 'function';
}
