import * as v from 'valibot';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './log.ts';

/** How a server listens, limits, waits and logs: the same names on the command line (`--keep-alive`), in the
 * environment (`HIGHBALL_KEEP_ALIVE`) and in the configuration (`keepAlive`). */
export interface Settings {
  /** Where to listen: `host:port`, `:port`, `unix:/path`; repeatable. @default ['127.0.0.1:8000'] */
  bind: string[];
  /** Worker processes; `auto` is one a core. @default 1 for serve, auto elsewhere */
  workers: number | 'auto';
  /** Connections that may wait to be accepted. @default 2048 */
  backlog: number;
  /** Seconds without a sign of life after which a worker is killed and replaced. @default 30 */
  timeout: number;
  /** Seconds a worker gets to finish its requests when it is stopped. @default 30 */
  gracefulTimeout: number;
  /** Seconds an idle connection is kept; should exceed those of a proxy in front. @default 75 */
  keepAlive: number;
  /** Seconds in which a request head must be complete. @default 20 */
  headTimeout: number;
  /** Seconds by which a request body may fall behind its least rate of 500 bytes a second. @default 20 */
  bodyTimeout: number;
  /** Seconds in which a request must be answered; 0 never. @default 0 */
  requestTimeout: number;
  /** Connections a worker holds at the same time; beyond it they wait. @default 1000 */
  workerConnections: number;
  /** Bytes of a request line. @default 8190 */
  limitRequestLine: number;
  /** Fields of a request. @default 100 */
  limitRequestFields: number;
  /** Bytes of one field. @default 8190 */
  limitRequestFieldSize: number;
  /** Bytes of a request body; 0 is no limit. @default 0 */
  limitRequestBody: number;
  /** Peers whose Forwarded and X-Forwarded-* are believed: CIDR, `unix`, `*`. @default 127.0.0.1, ::1, unix */
  forwardedAllowIps: string[];
  /** Whether connections begin with a header of the PROXY protocol. @default 'off' */
  proxyProtocol: 'off' | 'v1' | 'v2' | 'auto';
  /** The peers that may, and then must, send one (CIDR; `*` is all). @default 127.0.0.1, ::1 */
  proxyAllowIps: string[];
  /** What becomes of field names with an underscore. @default 'drop' */
  headerMap: 'drop' | 'refuse' | 'dangerous';
  /** How much is logged. @default 'info' */
  logLevel: LogLevel;
  /** How it is written. @default 'text' */
  logFormat: LogFormat;
}

/** One declaration a setting: the flag, the environment variable, the check, the help and the default. */
export interface Setting<Value> {
  /** The flag as commander and `--help` have it. */
  flag: string;
  /** Further environment variables besides `HIGHBALL_NAME`; the first that is set counts. */
  env?: readonly string[];
  help: string;
  /** What a valid value is, for the error message. */
  expects: string;
  /** Takes text from a flag or the environment, or a typed value from the configuration. */
  schema: v.GenericSchema<unknown, Value>;
  default: Value;
}

const number = (least: number, most: number): v.GenericSchema<unknown, number> =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d+(\.\d+)?$/), v.transform(Number))]),
    v.minValue(least),
    v.maxValue(most),
  );

const whole = (least: number, most: number): v.GenericSchema<unknown, number> =>
  v.pipe(number(least, most), v.integer());

const list: v.GenericSchema<unknown, string[]> = v.pipe(
  v.union([
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
    ),
    v.array(v.string()),
  ]),
  v.transform((items) => items.map((item) => item.trim())),
  v.array(v.pipe(v.string(), v.nonEmpty())),
  v.minLength(1),
);

const oneOf = <const Name extends string>(names: readonly Name[]): v.GenericSchema<unknown, Name> =>
  v.picklist(names);

/** All settings, in the order of `--help`. */
export const settings: { readonly [Name in keyof Settings]: Setting<Settings[Name]> } = {
  bind: {
    flag: '-b, --bind <address...>',
    help: 'where to listen: HOST:PORT, :PORT or unix:/PATH; repeatable',
    expects: 'HOST:PORT, :PORT or unix:/PATH',
    schema: list,
    default: ['127.0.0.1:8000'],
  },
  workers: {
    flag: '-w, --workers <count>',
    env: ['WEB_CONCURRENCY'],
    help: "worker processes, or 'auto' for one a core",
    expects: "a whole number from 1 to 1024, or 'auto'",
    schema: v.union([whole(1, 1024), v.literal('auto')]),
    default: 'auto',
  },
  backlog: {
    flag: '--backlog <count>',
    help: 'connections that may wait to be accepted',
    expects: 'a whole number from 1 to 65535',
    schema: whole(1, 65_535),
    default: 2048,
  },
  timeout: {
    flag: '-t, --timeout <seconds>',
    help: 'a worker that gives no sign of life for so long is replaced',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 30,
  },
  gracefulTimeout: {
    flag: '--graceful-timeout <seconds>',
    help: 'a stopping worker may take so long to finish its requests',
    expects: 'seconds, from 0 to 86400',
    schema: number(0, 86_400),
    default: 30,
  },
  keepAlive: {
    flag: '--keep-alive <seconds>',
    help: 'an idle connection is kept for so long',
    expects: 'seconds, from 1 to 86400',
    schema: number(1, 86_400),
    default: 75,
  },
  headTimeout: {
    flag: '--head-timeout <seconds>',
    help: 'a request head must be complete within this time',
    expects: 'seconds, from 1 to 3600',
    schema: number(1, 3600),
    default: 20,
  },
  bodyTimeout: {
    flag: '--body-timeout <seconds>',
    help: 'a request body may fall so far behind 500 bytes a second',
    expects: 'seconds, from 1 to 3600',
    schema: number(1, 3600),
    default: 20,
  },
  requestTimeout: {
    flag: '--request-timeout <seconds>',
    help: 'a request must be answered within this time; 0 is never',
    expects: 'seconds, from 0 to 86400',
    schema: number(0, 86_400),
    default: 0,
  },
  workerConnections: {
    flag: '--worker-connections <count>',
    help: 'connections a worker holds at the same time',
    expects: 'a whole number from 1 to 1000000',
    schema: whole(1, 1_000_000),
    default: 1000,
  },
  limitRequestLine: {
    flag: '--limit-request-line <bytes>',
    help: 'bytes of a request line',
    expects: 'a whole number from 64 to 1048576',
    schema: whole(64, 1_048_576),
    default: 8190,
  },
  limitRequestFields: {
    flag: '--limit-request-fields <count>',
    help: 'fields of a request',
    expects: 'a whole number from 1 to 32768',
    schema: whole(1, 32_768),
    default: 100,
  },
  limitRequestFieldSize: {
    flag: '--limit-request-field-size <bytes>',
    help: 'bytes of one field',
    expects: 'a whole number from 64 to 1048576',
    schema: whole(64, 1_048_576),
    default: 8190,
  },
  limitRequestBody: {
    flag: '--limit-request-body <bytes>',
    help: 'bytes of a request body; 0 is no limit',
    expects: 'a whole number of bytes',
    schema: whole(0, Number.MAX_SAFE_INTEGER),
    default: 0,
  },
  forwardedAllowIps: {
    flag: '--forwarded-allow-ips <cidr...>',
    env: ['FORWARDED_ALLOW_IPS'],
    help: 'peers whose Forwarded and X-Forwarded-* fields are believed',
    expects: "addresses or networks (10.0.0.0/8), 'unix', or '*'",
    schema: list,
    default: ['127.0.0.1', '::1', 'unix'],
  },
  proxyProtocol: {
    flag: '--proxy-protocol <version>',
    help: 'connections begin with a PROXY header: off, v1, v2 or auto',
    expects: 'off, v1, v2 or auto',
    schema: oneOf(['off', 'v1', 'v2', 'auto']),
    default: 'off',
  },
  proxyAllowIps: {
    flag: '--proxy-allow-ips <cidr...>',
    help: 'peers that may, and then must, send one',
    expects: "addresses or networks (10.0.0.0/8), or '*'",
    schema: list,
    default: ['127.0.0.1', '::1'],
  },
  headerMap: {
    flag: '--header-map <policy>',
    help: 'field names with an underscore: drop, refuse or dangerous',
    expects: 'drop, refuse or dangerous',
    schema: oneOf(['drop', 'refuse', 'dangerous']),
    default: 'drop',
  },
  logLevel: {
    flag: '--log-level <level>',
    help: `how much is logged: ${LOG_LEVELS.join(', ')}`,
    expects: LOG_LEVELS.join(', '),
    schema: oneOf(LOG_LEVELS),
    default: 'info',
  },
  logFormat: {
    flag: '--log-format <format>',
    help: `how it is written: ${LOG_FORMATS.join(', ')}`,
    expects: LOG_FORMATS.join(' or '),
    schema: oneOf(LOG_FORMATS),
    default: 'text',
  },
};

/** The names of all settings. */
export const settingNames: readonly (keyof Settings)[] = Object.keys(settings) as (keyof Settings)[];
