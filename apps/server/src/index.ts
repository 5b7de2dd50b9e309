export { defineConfig, defineSettings } from './config.ts';
export type {
  ApplicationAction,
  ApplicationUpstream,
  Balance,
  CgiAction,
  Config,
  ForwardOptions,
  ProxyAction,
  RedirectAction,
  RewriteAction,
  Route,
  RouteMatch,
  RouteOptions,
  ServerConfig,
  ServersUpstream,
  StaticAction,
  Upstream,
} from './config.ts';
export type { ExitFacts, Hooks, ResponseFacts, ServerContext, WorkerContext } from './hooks.ts';
export { reloadSignal } from './dev/reload-signal.ts';
export type { LogFormat, LogLevel } from './log.ts';
export type { Settings } from './settings.ts';
