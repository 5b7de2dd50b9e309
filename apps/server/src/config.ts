import type { CompressionOptions } from '@highball/compression';
import type { ErrorPagesOptions } from '@highball/error-pages';
import type { ForwardProxyOptions } from '@highball/forward-proxy';
import type { HttpCacheOptions } from '@highball/http-cache';
import type { LimitStore, LimitsOptions } from '@highball/limits';
import type { QueryPolicy, RedirectStatus, RefuseRule, RewriteFlag, RuleConditions } from '@highball/rewrite';
import type { StaticCacheOptions } from '@highball/static-cache';
import type { Hooks } from './hooks.ts';
import type { Settings } from './settings.ts';
import type { ExplainOptions } from './site/trace.ts';
import type { CertificateFiles } from './tls/certificate-files.ts';
import type { ForwardOptions, Upstream } from './upstream/config.ts';

/**
 * Which requests a route is for; what is left out matches all. Paths are those below `rootPath`, files those below the
 * folder of the configuration: see @highball/rewrite.
 */
export interface RouteMatch extends RuleConditions {
  /** What `environ['highball.rule']` and messages call the route. @default its place, `routes[2]` */
  name?: string;
}

/** Serves files. */
export interface StaticAction {
  /** The folder, relative to the configuration. */
  static: string;
  /** The start of the path that is not part of the file's name, as `/static`. */
  prefix?: string;
  /** Seconds for which a browser may use a file without asking. @default 0 */
  maxAge?: number;
  /** The file that answers where there is none, for single-page applications: as `index.html`. */
  fallback?: string;
  /** Listings, rules for browsers, names to try…: see @highball/static-cache. */
  files?: Omit<StaticCacheOptions, 'prefix' | 'maxAgeSeconds' | 'fallback' | 'now' | 'wallClock'>;
}

/** Forwards to an upstream. */
export interface ProxyAction<Name extends string = string> {
  /** The name of an upstream of this configuration. */
  proxy: Name;
  /** How requests of this route are passed on, where that is not as the upstream says: timeouts, fields, buffering… */
  forward?: ForwardOptions;
}

/** Calls an application in this process: no hop. */
export interface ApplicationAction {
  /** `MODULE[:EXPORT]`, relative to the configuration. */
  app: string;
}

/** Runs CGI programs (RFC 3875): a process a request. */
export interface CgiAction {
  /** A program, or a folder of programs, relative to the configuration. */
  cgi: string;
  /** The start of the path that is not the programs' own: SCRIPT_NAME. @default '/cgi-bin' for a folder, '' for a program */
  prefix?: string;
}

/** Sends the client to another address. */
export interface RedirectAction {
  /** The address, with `{name}` where something was captured. */
  redirect: string;
  /** @default 302 */
  status?: RedirectStatus;
  /** What becomes of the request's query. @default 'extend' */
  queryPolicy?: QueryPolicy;
}

/** Answers with an error. */
export interface RefuseAction {
  refuse: RefuseRule['refuse'];
  /** With 405: the methods that there are. */
  allow?: readonly string[];
}

/** Changes the address, then acts; without an action of its own the routes below see the new address. */
export interface RewriteAction<Name extends string = string> {
  /** The new path, and query if it has one, with `{name}` where something was captured. */
  rewrite: string;
  /** What becomes of the request's query. @default 'extend': it stands behind that of `rewrite` */
  queryPolicy?: QueryPolicy;
  /** Which routes see the new address, where this one does not answer: `next`, `last`, `break`. @default 'next' */
  flag?: RewriteFlag;
  static?: string;
  proxy?: Name;
  forward?: ForwardOptions;
  app?: string;
}

/** What any route may have besides. */
export interface RouteOptions {
  /**
   * Keeps answers in a shared cache (RFC 9111), as they allow it: see @highball/http-cache. It is one for all workers;
   * with a `folder` it survives a restart. @default false
   */
  cache?: boolean | Omit<HttpCacheOptions, 'log' | 'now'>;
  /** Whether answers are compressed, where the configuration says `compress`. @default true */
  compress?: boolean;
}

/** Requests and what becomes of them. */
export type Route<Name extends string = string> = RouteMatch &
  RouteOptions &
  (
    | StaticAction
    | ProxyAction<Name>
    | ApplicationAction
    | CgiAction
    | RedirectAction
    | RefuseAction
    | RewriteAction<Name>
  );

/** What `-c FILE` gives to `serve`, `static` and `proxy`: settings and hooks. */
export interface ServerConfig extends Partial<Settings> {
  /** Functions that are called at certain moments. */
  hooks?: Hooks;
  /**
   * Further certificates, each shown to clients that ask for one of its names (SNI); the one of `certfile`, or the first
   * of these, is for all others. Files are relative to the folder in which the server works, as those of settings.
   */
  certificates?: readonly CertificateFiles[];
}

/** Limits of a site. */
export interface SiteLimits extends Omit<LimitsOptions, 'store' | 'log' | 'now' | 'after'> {
  /**
   * Makes the place of the counts, in each worker: `() => redisStore({ client })`, where there are several machines.
   * @default a process of this machine that counts for all workers
   */
  store?: () => LimitStore;
}

/** The whole stack: how to listen, what runs behind, and which request goes where. */
export interface Config<Name extends string = string> extends ServerConfig {
  /** The servers behind, by name. */
  upstreams?: { readonly [Key in Name]: Upstream };
  /** In order: the first route that matches answers. */
  routes: readonly Route<NoInfer<Name>>[];
  /** Compresses answers by zstd, brotli or gzip: see @highball/compression. @default false */
  compress?: boolean | CompressionOptions;
  /** Requests a second, requests and connections at a time, one count for all workers: see @highball/limits. */
  limits?: SiteLimits;
  /** Lets clients out, to where they are allowed to go: see @highball/forward-proxy. @default none */
  forwardProxy?: Omit<ForwardProxyOptions, 'fallback' | 'onRecord' | 'resolve' | 'connect' | 'clock'>;
  /** Pages for errors that have none, or own files by status: see @highball/error-pages. @default false */
  errorPages?: boolean | Omit<ErrorPagesOptions, 'now'>;
  /** Tells those who may ask, by `X-Highball-Explain`, which route, cache and server answered, and when. @default nobody */
  explain?: ExplainOptions;
  /** A Server-Timing field for everybody: what the cache did, how long the server behind and all of it took. @default false */
  serverTiming?: boolean;
  /** An X-Request-Id for each request, kept if it came with one, passed on, answered and logged. @default only where it is proxied */
  requestId?: boolean;
  /** Printed once everything runs; `{address}` is where. */
  startMessage?: string;
}

/**
 * Types a configuration: `export default defineConfig({ … })` in `highball.config.ts`. A route to an upstream
 * that the configuration does not have is a compile error.
 */
export function defineConfig<const Name extends string = never>(config: Config<Name>): Config<Name> {
  return config;
}

/** Types the settings of `serve`, `static` and `proxy`: `export default defineSettings({ … })`, named by `-c FILE`. */
export function defineSettings(config: ServerConfig): ServerConfig {
  return config;
}
