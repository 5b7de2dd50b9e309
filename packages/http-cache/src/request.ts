import type { Environ } from '@highball/gateway-protocol';
import { type Directives, parseDirectives } from './directives.ts';
import { type KeyRules, primaryKey } from './key.ts';

/** What a request asks of the cache. */
export interface CacheRequest {
  readonly environ: Environ;
  /** The primary key. */
  readonly url: string;
  readonly directives: Directives;
  readonly authorized: boolean;
  /** It asks for a part; only a whole that is stored can answer it. */
  readonly ranged: boolean;
}

const NONE: Directives = new Map();
const PRAGMA: Directives = new Map([['no-cache', undefined]]);

/** @param honour - whether the client's directives count. */
export function readRequest(environ: Environ, rules: KeyRules, honour: boolean): CacheRequest {
  return {
    environ,
    url: primaryKey(environ, rules),
    directives: honour ? requestDirectives(environ) : NONE,
    authorized: environ.HTTP_AUTHORIZATION !== undefined,
    ranged: environ.HTTP_RANGE !== undefined,
  };
}

function requestDirectives(environ: Environ): Directives {
  const field = environ.HTTP_CACHE_CONTROL;
  if (field !== undefined) return parseDirectives(field);
  // What HTTP/1.0 clients have for it (RFC 9111 §5.4).
  return environ.HTTP_PRAGMA?.toLowerCase().includes('no-cache') ? PRAGMA : NONE;
}

/** Methods that change nothing, and so invalidate nothing (RFC 9110 §9.2.1 and IANA's registry). */
const SAFE: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
]);

export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/** Whether the cache has nothing to say to a GET or HEAD: it has a body, becomes a tunnel, or is on a condition of the origin's. */
export function isNotForCaches(environ: Environ): boolean {
  return (
    environ['highball.upgrade'] !== undefined ||
    environ.HTTP_TRANSFER_ENCODING !== undefined ||
    (environ.CONTENT_LENGTH !== undefined && environ.CONTENT_LENGTH !== '0') ||
    // RFC 9111 §4.3.2: these two are not for a cache to evaluate.
    environ.HTTP_IF_MATCH !== undefined ||
    environ.HTTP_IF_UNMODIFIED_SINCE !== undefined
  );
}
