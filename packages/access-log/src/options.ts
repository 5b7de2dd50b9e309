import { AccessLogError } from './errors.ts';
import type { Format } from './format.ts';
import type { Timers } from './log-writer.ts';
import type { AccessRecord } from './record.ts';
import { systemTimers } from './timers.ts';

/** Where an access log tells what is wrong with itself; async-worker's log fits. */
export interface AccessLogLog {
  error(message: string, details?: object): void;
  warn(message: string, details?: object): void;
}

/** Options of `accessLog`. */
export interface AccessLogOptions {
  /**
   * How a line looks: `combined`, `common`, `gunicorn`, `json`, a template of gunicorn's atoms (`%(h)s`) or of
   * nginx's variables (`$remote_addr`), `{ json: { name: template } }`, or a function.
   * @default 'combined'
   */
  format?: Format;
  /** The path of a file, a named pipe or a device; `-` for standard output; or what takes each line. @default '-' */
  to?: string | ((line: string) => void);
  /** Requests that have no line: return true. */
  skip?: (record: AccessRecord) => boolean;
  /** The share of requests that have a line, from 0 to 1; those that failed (400 and above) always have. @default 1 */
  sample?: number;
  /** Lines are written once there are so many bytes. @default 65_536 */
  flushBytes?: number;
  /** A line is written after so long at the latest. @default 200 */
  flushMs?: number;
  /** Bytes that may wait while the log is slow, full or gone; further lines are dropped and counted. @default 4_194_304 */
  maxBufferBytes?: number;
  /** Of a file that has to be made; it tells who visited what. @default 0o640 */
  mode?: number;
  /** Where it is told that the log cannot be written, and how many lines were dropped. @default stderr */
  log?: AccessLogLog;
  /** Milliseconds since 1970, for tests. @default Date.now */
  now?: () => number;
  /** From 0 up to 1, for tests. @default Math.random */
  random?: () => number;
  /** For tests. @default the system's */
  timers?: Timers;
}

/** Options with their defaults. */
export type ResolvedOptions = Readonly<Required<Omit<AccessLogOptions, 'skip'>>> & {
  readonly skip: ((record: AccessRecord) => boolean) | undefined;
};

const DEFAULTS = {
  format: 'combined',
  to: '-',
  sample: 1,
  // A write costs about as much as 64 kB of memory copied; `tail -f` should seem alive all the same.
  flushBytes: 65_536,
  flushMs: 200,
  // About forty thousand lines: some seconds of a busy server.
  maxBufferBytes: 4_194_304,
  mode: 0o640,
  log: console,
  now: Date.now,
  random: Math.random,
  timers: systemTimers,
} as const;

/** @throws AccessLogError `BAD_OPTION` */
export function resolveOptions(options: AccessLogOptions): ResolvedOptions {
  const resolved = { ...DEFAULTS, skip: undefined, ...withoutUndefined(options) } as ResolvedOptions;
  if (!(resolved.sample >= 0 && resolved.sample <= 1)) {
    throw new AccessLogError('BAD_OPTION', `sample must be from 0 to 1, not ${resolved.sample}`);
  }
  for (const name of ['flushBytes', 'flushMs', 'maxBufferBytes'] as const) {
    if (!(resolved[name] > 0)) {
      throw new AccessLogError('BAD_OPTION', `${name} must be more than 0, not ${resolved[name]}`);
    }
  }
  return resolved;
}

function withoutUndefined(options: AccessLogOptions): AccessLogOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
