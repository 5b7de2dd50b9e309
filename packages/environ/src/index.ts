export { createEnvironBuilder } from './builder.ts';
export type { ConnectionFacts, EnvironBuilder, EnvironHead, EnvironOptions } from './builder.ts';
export { EnvironError, EnvironOptionError, ProxyProtocolError } from './errors.ts';
export type { EnvironErrorCode } from './errors.ts';
export type { HeaderMap } from './keys.ts';
export { parseProxyHeader } from './proxy-protocol.ts';
export type { ProxyHeader, ProxyVersion } from './proxy-protocol.ts';
export { compileAddresses } from './trust.ts';
export type { AddressTest } from '@highball/ip-networks';
