export { discover } from './discover.ts';
export type { DiscoverOptions, Discovery } from './discover.ts';
export { dnsSource, srvSource } from './dns.ts';
export type {
  AddressFamily,
  AddressRecord,
  DnsOptions,
  DnsResolver,
  ServiceRecord,
  SrvOptions,
} from './dns.ts';
export { fileSource, parsePeerLines } from './file.ts';
export type { FileOptions, WatchFolder } from './file.ts';
export type { Discovered, Source } from './source.ts';
export { functionSource, staticSource } from './sources.ts';
