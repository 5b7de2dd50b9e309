import type { Middleware } from '@highball/gateway-protocol';
import { FileTarget } from './file-target.ts';
import { compileFormat } from './format.ts';
import { LogTime } from './log-time.ts';
import { LogWriter, type WriterStats } from './log-writer.ts';
import { type AccessLogLog, type AccessLogOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import type { AccessRecord } from './record.ts';
import { recordResponses } from './record-responses.ts';
import { StdoutTarget } from './stdout-target.ts';

/** A log of requests. */
export interface AccessLog {
  /** Writes a line for a request: async-worker's option of the same name. Never waits and never throws. */
  readonly onResponse: (record: AccessRecord) => void;
  /** The same as middleware, for servers without such a hook. */
  readonly middleware: Middleware;
  /**
   * Opens the file anew, as after logrotate has moved it; what came before is still in the old one. Never rejects:
   * when it cannot be opened the log says so, and the old one stays in use.
   */
  reopen(): Promise<void>;
  /** Writes what there is. @param deadlineMs - default 2000. @returns whether all of it was written in time. */
  flush(deadlineMs?: number): Promise<boolean>;
  /** Writes what there is and closes the log; later lines are dropped. Arguments and result as of `flush`. */
  close(deadlineMs?: number): Promise<boolean>;
  /** What became of the lines. */
  stats(): WriterStats;
}

/** Less than a drain usually has. */
const FLUSH_DEADLINE_MS = 2000;
/** What came before a reopening belongs into the old file; but not at any price. */
const REOPEN_FLUSH_MS = 1000;

/**
 * Makes an access log.
 * @throws AccessLogError when an option or the format makes no sense, or the file cannot be opened.
 */
export function accessLog(options: AccessLogOptions = {}): AccessLog {
  const resolved = resolveOptions(options);
  const format = compileFormat(resolved.format);
  const sink = openSink(resolved);
  const { skip, sample, now, random, log } = resolved;
  const time = new LogTime();
  const onResponse = (record: AccessRecord): void => {
    try {
      if (sample < 1 && !failed(record) && random() >= sample) return;
      if (skip?.(record)) return;
      time.set(now());
      sink.push(format(record, time));
    } catch (err) {
      log.error('a line of the access log failed', { err });
    }
  };
  return {
    onResponse,
    middleware: recordResponses(onResponse),
    reopen: async () => {
      const err = await sink.reopen(REOPEN_FLUSH_MS);
      if (err) log.error(`the access log stays in its old file: ${err.message}`, { err });
    },
    flush: (deadlineMs = FLUSH_DEADLINE_MS) => sink.flush(deadlineMs),
    close: (deadlineMs = FLUSH_DEADLINE_MS) => sink.close(deadlineMs),
    stats: () => sink.stats(),
  };
}

function failed({ status, complete }: AccessRecord): boolean {
  return !complete || status >= '4';
}

type Sink = Pick<LogWriter, 'push' | 'flush' | 'reopen' | 'close' | 'stats'>;

function openSink({ to, mode, log, ...options }: ResolvedOptions): Sink {
  if (typeof to === 'function') return functionSink(to, log);
  const target = to === '-' ? new StdoutTarget() : new FileTarget(to, mode);
  return new LogWriter(target, {
    ...options,
    onFailure: (err) => log.error(`the access log cannot be written, lines wait: ${err.message}`, { err }),
    onDropped: (lines, bytes) => log.warn('the access log lost lines', { lines, bytes }),
  });
}

/** Who takes lines himself has no file to wait for. */
function functionSink(take: (line: string) => void, log: AccessLogLog): Sink {
  let written = 0;
  let dropped = 0;
  return {
    push(line) {
      try {
        take(line);
        written++;
      } catch (err) {
        dropped++;
        // Once: it may be one for every request.
        if (dropped === 1) log.error('what takes the lines of the access log failed', { err });
      }
    },
    flush: () => Promise.resolve(true),
    reopen: () => Promise.resolve(null),
    close: () => Promise.resolve(true),
    stats: () => ({ written, dropped, pendingBytes: 0 }),
  };
}
