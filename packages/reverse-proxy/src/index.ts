export { ProxyConfigError, UpstreamError } from './errors.ts';
export type { UpstreamErrorCode } from './errors.ts';
export type { Logger, Outcome, Picker, ReverseProxyOptions } from './options.ts';
export type { Connect } from './pool.ts';
export { reverseProxy } from './proxy.ts';
export { parseUpstream } from './upstream.ts';
export type { UpstreamTarget } from './upstream.ts';
