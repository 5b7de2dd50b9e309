export { ProxyConfigError, ProxyError, UpstreamError } from './errors.ts';
export type { Http2Options } from './http2/options.ts';
export type { ProxyErrorCode, UpstreamErrorCode } from './errors.ts';
export type { HeaderRules } from './header-rules.ts';
export type { Connect } from './open.ts';
export type {
  Logger,
  MirrorOptions,
  Observation,
  Outcome,
  PeerLoad,
  Picker,
  PickRequest,
  RequestBufferOptions,
  ReverseProxyOptions,
  TimeoutOptions,
  UpstreamTlsOptions,
} from './options.ts';
export type { PathMapOptions } from './path-map.ts';
export { reverseProxy } from './proxy.ts';
export type { CookieOptions } from './redirects.ts';
export { requestIdOf } from './request-id.ts';
export { parseUpstream } from './upstream.ts';
export type { UpstreamProtocol, UpstreamTarget } from './upstream.ts';
