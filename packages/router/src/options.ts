import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { answerText } from './answers.ts';
import { RouterError } from './errors.ts';

/** What becomes of a path that has a slash at its end too many, or too few. */
export type TrailingSlash = 'strict' | 'ignore' | 'redirect';

/** Answers a method that a path does not know. */
export type MethodNotAllowed = (
  environ: Environ,
  startResponse: StartResponse,
  allowed: readonly string[],
) => ResponseBody | Promise<ResponseBody>;

/** Options of {@link router}. */
export interface RouterOptions {
  /** Answers what has no route; the next application, where the router is a middleware. @default 404 */
  notFound?: Application;
  /** Answers a method that the path does not know; Allow is its own to send. @default 405 with Allow */
  methodNotAllowed?: MethodNotAllowed;
  /** Answers a path that is no UTF-8. @default 400 */
  badRequest?: Application;
  /**
   * Whether `/a` and `/a/` are two paths (`strict`), one (`ignore`), or the one that has no route leads to the
   * other by 308 (`redirect`). @default 'strict'
   */
  trailingSlash?: TrailingSlash;
  /** Whether `/a` and `/A` are two paths, as RFC 3986 §6.2.2.1 has it. @default true */
  caseSensitive?: boolean;
}

const SLASH_POLICIES: readonly TrailingSlash[] = ['strict', 'ignore', 'redirect'];

/** Options with their defaults. @throws RouterError BAD_OPTION */
export function resolveOptions(options: RouterOptions): Required<RouterOptions> {
  const { trailingSlash = 'strict' } = options;
  if (!SLASH_POLICIES.includes(trailingSlash)) {
    throw new RouterError('BAD_OPTION', `trailingSlash must be one of ${SLASH_POLICIES.join(', ')}`);
  }
  return {
    notFound: options.notFound ?? answerText('404 Not Found'),
    methodNotAllowed: options.methodNotAllowed ?? answerNotAllowed,
    badRequest: options.badRequest ?? answerText('400 Bad Request'),
    trailingSlash,
    caseSensitive: options.caseSensitive ?? true,
  };
}

/** RFC 9110 §15.5.6: a 405 says what is allowed. */
function answerNotAllowed(
  _environ: Environ,
  startResponse: StartResponse,
  allowed: readonly string[],
): string[] {
  startResponse('405 Method Not Allowed', [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Allow', allowed.join(', ')],
  ]);
  return ['405 Method Not Allowed\n'];
}
