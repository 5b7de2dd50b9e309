import { type Environ, interfaceOf } from '@highball/gateway-protocol';
import { FetchOptionError } from './errors.ts';

/** What a handler gets as its second argument: Hono's `c.env`. */
export interface FetchEnv {
  /** The gateway's view of the request. */
  environ: Environ;
  /** What the option `env` added. */
  [name: string]: unknown;
}

/** What a handler gets as its third argument: Hono's `c.executionCtx`, the `ctx` of Workers. */
export interface FetchContext {
  /** Keeps account of work that goes on behind the response; its failure is logged. */
  waitUntil(promise: Promise<unknown>): void;
}

/** A fetch handler, as Deno, Bun, Workers and Hono have it. */
export type FetchHandler = (
  request: Request,
  env: FetchEnv,
  ctx: FetchContext,
) => Response | Promise<Response>;

/** An object with a handler: a Hono application, or the default export of a Worker. */
export interface FetchObject {
  // A method, so that handlers with narrower second and third parameters fit too.
  fetch(request: Request, ...rest: never[]): Response | Promise<Response>;
}

/**
 * Whether something is to be called as a fetch handler: it has a method `fetch`, or is a function that
 * `markInterface(handler, 'fetch')` marked. A function without a mark could be anything.
 */
export function isFetchApplication(value: unknown): value is FetchObject | FetchHandler {
  const name = interfaceOf(value);
  if (name !== undefined) return name === 'fetch';
  return hasFetch(value);
}

/** @throws FetchOptionError when it is neither a function nor an object with one. */
export function handlerOf(value: FetchHandler | FetchObject): FetchHandler {
  // A Hono application is an object; a function that also has `fetch` means that one (a marked one may).
  if (hasFetch(value)) return (request, env, ctx) => value.fetch(request, ...([env, ctx] as never[]));
  if (typeof value === 'function') return value;
  throw new FetchOptionError(
    'a fetch handler is a function (request) => Response, or an object with such a method `fetch`',
  );
}

function hasFetch(value: unknown): value is FetchObject {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as Partial<FetchObject>).fetch === 'function';
}
