import type { Application } from '@highball/gateway-protocol';
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { type Clock, systemClock } from './clock.ts';
import { CgiOptionError } from './errors.ts';

/** Starts a process; node:child_process's `spawn` is one. */
export type Spawn = (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

/** Options of {@link cgi}. */
export interface CgiOptions {
  /** Arguments that the program always gets. @default [] */
  readonly args?: readonly string[];
  /**
   * Variables that are added to the program's environment. Nothing else of the server's own environment reaches it:
   * that one may hold passwords. @default { PATH } of the server
   */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder in which the program runs. @default the program's own (RFC 3875 §7.2) */
  readonly cwd?: string;
  /** The user as whom the program runs; the server must be root for that. @default the server's */
  readonly uid?: number;
  /** The group of the program; its supplementary groups are dropped. @default the server's */
  readonly gid?: number;
  /** DOCUMENT_ROOT, and the folder below which PATH_INFO becomes PATH_TRANSLATED. @default neither is set */
  readonly documentRoot?: string;
  /** SCRIPT_FILENAME. @default the program */
  readonly scriptFilename?: string;
  /**
   * Whether Authorization reaches the program, which other users of the machine may be able to look into.
   * @default false (RFC 3875 §4.1.18; Apache's CGIPassAuth)
   */
  readonly passAuthorization?: boolean;
  /**
   * Whether a query without `=` becomes arguments (RFC 3875 §4.4). An interpreter would take them for options
   * (CVE-2012-1823). @default false
   */
  readonly indexedQuery?: boolean;
  /**
   * Answers local redirects (RFC 3875 §6.2.2), usually the whole site. Without it they become 302.
   */
  readonly localRedirect?: Application;
  /** Local redirects for one request; then 500. @default 10 (Apache's LimitInternalRecursion) */
  readonly maxLocalRedirects?: number;
  /** Processes at a time; more requests wait. @default 16 */
  readonly maxProcesses?: number;
  /** Requests that wait; more are answered 503. @default 64 */
  readonly maxQueue?: number;
  /** A request that has waited for so long is answered 503. @default 10_000 */
  readonly queueTimeoutMs?: number;
  /** Retry-After of a 503. @default 5 */
  readonly retryAfterSeconds?: number;
  /** A program may run so long; then it is ended, 504. @default 60_000 (Apache's TimeOut) */
  readonly timeoutMs?: number;
  /** What does not end by SIGTERM within this time gets SIGKILL. @default 3000 (APR's kill_after_timeout) */
  readonly killGraceMs?: number;
  /** Bytes of the header of a program's response. @default 16_384 (node:http's) */
  readonly maxHeaderBytes?: number;
  /** Fields of it. @default 100 (Apache's LimitRequestFields) */
  readonly maxHeaderFields?: number;
  /** A body without Content-Length is kept up to this size, to be counted; beyond it 411. @default 1_048_576 */
  readonly maxSpoolBytes?: number;
  /** A line of stderr is cut here. @default 1024 */
  readonly maxErrorLineBytes?: number;
  /** Lines of stderr that all runs together may log in a second; the others are counted. @default 100 */
  readonly maxErrorLinesPerSecond?: number;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
  /** What starts processes, for tests. @default node:child_process's */
  readonly spawn?: Spawn;
}

const DEFAULTS = {
  maxLocalRedirects: 10,
  maxProcesses: 16,
  maxQueue: 64,
  queueTimeoutMs: 10_000,
  retryAfterSeconds: 5,
  timeoutMs: 60_000,
  killGraceMs: 3000,
  maxHeaderBytes: 16_384,
  maxHeaderFields: 100,
  maxSpoolBytes: 1_048_576,
  maxErrorLineBytes: 1024,
  maxErrorLinesPerSecond: 100,
} as const;

type NumberName = keyof typeof DEFAULTS;
const MAY_BE_ZERO: ReadonlySet<NumberName> = new Set([
  'maxLocalRedirects',
  'maxQueue',
  'retryAfterSeconds',
  'killGraceMs',
  'maxSpoolBytes',
  'maxErrorLinesPerSecond',
]);

/** Options with their defaults. */
export interface ResolvedOptions extends Readonly<Record<NumberName, number>> {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly documentRoot: string | undefined;
  readonly scriptFilename: string | undefined;
  readonly passAuthorization: boolean;
  readonly indexedQuery: boolean;
  readonly localRedirect: Application | undefined;
  readonly clock: Clock;
  readonly spawn: Spawn;
}

/** @throws CgiOptionError when an option makes no sense. */
export function resolveOptions(options: CgiOptions): ResolvedOptions {
  const numbers: Record<NumberName, number> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as NumberName[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (!(value > 0 || (value === 0 && MAY_BE_ZERO.has(name)))) {
      const least = MAY_BE_ZERO.has(name) ? '0 or more' : 'more than 0';
      throw new CgiOptionError(`${name} must be ${least}, not ${value}`);
    }
    numbers[name] = value;
  }
  return {
    ...numbers,
    args: options.args ?? [],
    env: { PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', ...options.env },
    cwd: options.cwd,
    uid: checkId('uid', options.uid),
    gid: checkId('gid', options.gid),
    documentRoot: options.documentRoot?.replace(/\/+$/, ''),
    scriptFilename: options.scriptFilename,
    passAuthorization: options.passAuthorization ?? false,
    indexedQuery: options.indexedQuery ?? false,
    localRedirect: options.localRedirect,
    clock: options.clock ?? systemClock,
    spawn: options.spawn ?? spawn,
  };
}

function checkId(name: string, id: number | undefined): number | undefined {
  if (id === undefined || (Number.isInteger(id) && id >= 0)) return id;
  throw new CgiOptionError(`${name} must be a whole number, not ${id}`);
}
