export { defineConfig } from './config.ts';
export type {
  ApplicationAction,
  ApplicationUpstream,
  Balance,
  Config,
  ProxyAction,
  RedirectAction,
  RewriteAction,
  Route,
  RouteMatch,
  ServersUpstream,
  StaticAction,
  Upstream,
} from './config.ts';
export type { LogFormat, LogLevel } from './log.ts';
export type { Settings } from './settings.ts';
