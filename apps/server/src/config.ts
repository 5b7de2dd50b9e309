import type { Hooks } from './hooks.ts';
import type { Settings } from './settings.ts';

/** How an upstream's peer is chosen. */
export type Balance = 'round-robin' | 'least-connections' | 'ip-hash';

/** Servers that are already running somewhere. */
export interface ServersUpstream {
  /** `http://host:port` or `unix:/path`, each. */
  servers: readonly string[];
  /** @default 'round-robin' */
  balance?: Balance;
}

/** An application that Highball runs itself, in processes of its own behind the balancer. */
export interface ApplicationUpstream {
  /** `MODULE[:EXPORT]`, relative to the configuration. */
  app: string;
  /** Servers to balance over, each with its own listening socket on the loopback. @default 1 */
  instances?: number;
  /** Worker processes of each. @default 1 */
  workers?: number;
  /** @default 'round-robin' */
  balance?: Balance;
}

/** A group of servers that answer the same requests. */
export type Upstream = ServersUpstream | ApplicationUpstream;

/** Which requests a route is for; what is left out matches all. */
export interface RouteMatch {
  /**
   * The path: a pattern (`/posts/:id`, `/static/*file`) that must match it whole, or a regular expression.
   * Names, `:id` as well as `(?<id>…)`, can be used as `{id}` in `rewrite` and `redirect`.
   */
  path?: string | RegExp;
  /** Methods, in upper case. */
  methods?: readonly string[];
  /** Hosts, without a port. */
  hosts?: readonly string[];
  /** Query parameters: exactly this value, or one that matches; named groups can be used as well. */
  query?: Readonly<Record<string, string | RegExp>>;
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
}

/** Forwards to an upstream. */
export interface ProxyAction<Name extends string = string> {
  /** The name of an upstream of this configuration. */
  proxy: Name;
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
  status?: 301 | 302 | 303 | 307 | 308;
  /** Whether the query of the request is kept. @default true */
  keepQuery?: boolean;
}

/** Changes the address, then acts; without an action of its own the routes below see the new address. */
export interface RewriteAction<Name extends string = string> {
  /** The new path, and query if it has one, with `{name}` where something was captured. */
  rewrite: string;
  /** Whether the query of the request is kept, behind that of `rewrite`. @default true */
  keepQuery?: boolean;
  static?: string;
  proxy?: Name;
  app?: string;
}

/** Requests and what becomes of them. */
export type Route<Name extends string = string> = RouteMatch &
  (StaticAction | ProxyAction<Name> | ApplicationAction | CgiAction | RedirectAction | RewriteAction<Name>);

/** What `-c FILE` gives to `serve`, `static` and `proxy`: settings and hooks. */
export interface ServerConfig extends Partial<Settings> {
  /** Functions that are called at certain moments. */
  hooks?: Hooks;
}

/** The whole stack: how to listen, what runs behind, and which request goes where. */
export interface Config<Name extends string = string> extends ServerConfig {
  /** The servers behind, by name. */
  upstreams?: { readonly [Key in Name]: Upstream };
  /** In order: the first route that matches answers. */
  routes: readonly Route<NoInfer<Name>>[];
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
