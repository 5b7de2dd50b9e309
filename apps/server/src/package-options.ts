import * as v from 'valibot';
import type { Config, Route, StaticAction } from './config.ts';
import { keys, optional, switched } from './schema-parts.ts';

/** Options without the switches that stand in their place. */
type Options<Value> = Exclude<Value, boolean | undefined>;

/**
 * Options of a package, which says itself what each of them may be: here it is seen only that there is one of that name.
 * A type names them all, so that none can be forgotten.
 */
function named<Value>(what: string, names: Record<keyof Options<Value>, true>): v.GenericSchema {
  return keys(what, optional(Object.fromEntries(Object.keys(names).map((name) => [name, v.unknown()]))));
}

/** @highball/static-cache's. */
export const files: v.GenericSchema = named<StaticAction['files']>('files', {
  fallthrough: true,
  index: true,
  tryFiles: true,
  autoindex: true,
  maxListed: true,
  dotfiles: true,
  followSymlinks: true,
  cacheRules: true,
  immutableNames: true,
  types: true,
  charset: true,
  nosniff: true,
  headers: true,
  etag: true,
  errorPages: true,
  onError: true,
  precompressed: true,
  maxBytes: true,
  maxEntries: true,
  maxFileBytes: true,
  maxIdleFiles: true,
  validMs: true,
});

/** @highball/http-cache's. */
export const cache: v.GenericSchema = switched(
  named<Route['cache']>('cache', {
    maxBytes: true,
    maxEntries: true,
    maxMemoryObjectBytes: true,
    maxObjectBytes: true,
    folder: true,
    maxDiskBytes: true,
    maxDiskEntries: true,
    processes: true,
    invalidationDelayMs: true,
    maxVariants: true,
    minUses: true,
    collapseTimeoutMs: true,
    hitForMissMs: true,
    backgroundTimeoutMs: true,
    staleIfErrorSeconds: true,
    staleWhileRevalidateSeconds: true,
    heuristicFraction: true,
    maxHeuristicSeconds: true,
    targets: true,
    requestDirectives: true,
    storeCookies: true,
    ignoredParameters: true,
    sortQuery: true,
    tagFields: true,
    maxTags: true,
    bypass: true,
    name: true,
    onNotStored: true,
  }),
);

/** @highball/compression's. */
export const compress: v.GenericSchema = switched(
  named<Config['compress']>('compress', {
    codings: true,
    levels: true,
    minBytes: true,
    syncMaxBytes: true,
    maxConcurrent: true,
    types: true,
    skip: true,
  }),
);

/** @highball/error-pages's. */
export const errorPages: v.GenericSchema = switched(
  named<Config['errorPages']>('errorPages', {
    pages: true,
    root: true,
    intercept: true,
    requestId: true,
    validMs: true,
  }),
);

/** @highball/forward-proxy's. */
export const forwardProxy: v.GenericSchema = named<Config['forwardProxy']>('forwardProxy', {
  users: true,
  allow: true,
  realm: true,
  viaName: true,
  maxConnections: true,
  maxConnectionsPerClient: true,
  maxBytes: true,
  connectTimeoutMs: true,
  idleTimeoutMs: true,
  tunnelIdleTimeoutMs: true,
  totalTimeoutMs: true,
  drainIdleMs: true,
});
