import { parseNetwork } from '@highball/ip-networks';
import * as v from 'valibot';
import { type Declarations, listOf, oneOf } from './setting.ts';

/** Whose word about a client is believed. */
export interface TrustSettings {
  /** Peers whose Forwarded and X-Forwarded-* are believed: CIDR, `unix`, `*`. @default 127.0.0.1, ::1, unix */
  forwardedAllowIps: string[];
  /** The peers that may speak uwsgi, whose word about clients is believed: CIDR, `unix`, `*`. @default 127.0.0.1, ::1, unix */
  uwsgiAllowIps: string[];
  /** Whether connections begin with a header of the PROXY protocol. @default 'off' */
  proxyProtocol: 'off' | 'v1' | 'v2' | 'auto';
  /** The peers that may, and then must, send one (CIDR; `*` is all). @default 127.0.0.1, ::1 */
  proxyAllowIps: string[];
  /** What becomes of field names with an underscore. @default 'drop' */
  headerMap: 'drop' | 'refuse' | 'dangerous';
}

/** What names peers; `unix` are those that come over a Unix socket. */
const peers = (...words: readonly string[]): v.GenericSchema<unknown, string[]> =>
  listOf(
    v.pipe(
      v.string(),
      v.check((entry) => words.includes(entry) || parseNetwork(entry) !== undefined),
    ),
  );

export const trustSettings: Declarations<TrustSettings> = {
  forwardedAllowIps: {
    group: 'Trust',
    flag: '--forwarded-allow-ips <cidr>',
    env: ['FORWARDED_ALLOW_IPS'],
    help: 'peers whose Forwarded and X-Forwarded-* fields are believed; repeatable',
    expects: "addresses or networks (10.0.0.0/8), 'unix', or '*'",
    schema: peers('unix', '*'),
    default: ['127.0.0.1', '::1', 'unix'],
    applies: 'reload',
  },
  uwsgiAllowIps: {
    group: 'Trust',
    flag: '--uwsgi-allow-ips <cidr>',
    help: 'peers that may speak uwsgi, and are believed who their client is; repeatable',
    expects: "addresses or networks (10.0.0.0/8), 'unix', or '*'",
    schema: peers('unix', '*'),
    default: ['127.0.0.1', '::1', 'unix'],
    applies: 'reload',
  },
  proxyProtocol: {
    group: 'Trust',
    flag: '--proxy-protocol <version>',
    help: 'connections begin with a PROXY header: off, v1, v2 or auto',
    expects: 'off, v1, v2 or auto',
    schema: oneOf(['off', 'v1', 'v2', 'auto']),
    default: 'off',
    applies: 'reload',
  },
  proxyAllowIps: {
    group: 'Trust',
    flag: '--proxy-allow-ips <cidr>',
    help: 'peers that may, and then must, send one; repeatable',
    expects: "addresses or networks (10.0.0.0/8), or '*'",
    schema: peers('*'),
    default: ['127.0.0.1', '::1'],
    applies: 'reload',
  },
  headerMap: {
    group: 'Trust',
    flag: '--header-map <policy>',
    help: 'field names with an underscore: drop, refuse or dangerous',
    expects: 'drop, refuse or dangerous',
    schema: oneOf(['drop', 'refuse', 'dangerous']),
    default: 'drop',
    applies: 'reload',
  },
};
