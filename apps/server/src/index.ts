export { defineConfig, defineSettings } from './config.ts';
export type {
  ApplicationAction,
  CgiAction,
  Config,
  ProxyAction,
  RedirectAction,
  RefuseAction,
  RewriteAction,
  Route,
  RouteMatch,
  RouteOptions,
  ServerConfig,
  SiteLimits,
  StaticAction,
} from './config.ts';
export type { ExitFacts, Hooks, ResponseFacts, ServerContext, WorkerContext } from './hooks.ts';
export { reloadSignal } from './dev/reload-signal.ts';
export type { LogFormat, LogLevel } from './log.ts';
export type { Settings } from './settings.ts';
export type { CertificateFiles } from './tls/certificate-files.ts';
export type {
  ActiveCheck,
  ApplicationUpstream,
  Balance,
  Discover,
  DiscoveredUpstream,
  ForwardOptions,
  HashKey,
  HealthConfig,
  QueueConfig,
  ServersUpstream,
  StickyConfig,
  Upstream,
} from './upstream/config.ts';
