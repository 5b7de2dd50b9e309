export type { Clock } from './clock.ts';
export type { Users, VerifyUser } from './credentials.ts';
export type { Connect, Resolve } from './dial.ts';
export { ForwardProxyConfigError, ForwardProxyError } from './errors.ts';
export type { ConfigErrorCode, RefusalCode } from './errors.ts';
export { forwardProxy } from './forward-proxy.ts';
export type { ForwardProxyOptions } from './options.ts';
export { hashPassword } from './password-hash.ts';
export type { ForwardRecord } from './record.ts';
