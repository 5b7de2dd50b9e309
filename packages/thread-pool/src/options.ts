import { consoleLog, type Log } from '@highball/gateway-protocol';
import type { BackoffOptions } from '@highball/prefork-master/backoff';
import { availableParallelism } from 'node:os';
import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import { type Clock, systemClock } from './clock.ts';
import { UsageError } from './errors.ts';
import { checkCount, checkDelay, DEFAULT_QUEUE } from './limits.ts';

/** An application that a module exports. */
export interface ModuleProgram {
  /** A `file:` URL, or whatever else `import()` takes, seen from this package. */
  readonly module: string | URL;
  /** @default 'default' */
  readonly export?: string;
}

/** A script that calls `serveThread` (of `@highball/thread-pool/thread`), and so loads what it likes. */
export interface ScriptProgram {
  readonly script: string | URL;
  /** What the script's loader gets; anything that the structured clone takes. */
  readonly data?: unknown;
}

/** Options of {@link threadPool}. Of a delay, 0 and `Infinity` mean that there is none. */
export interface ThreadPoolOptions {
  /** What the threads run. */
  readonly thread: ModuleProgram | ScriptProgram;
  /** @default one a processor that this process may use (os.availableParallelism) */
  readonly threads?: number;
  /**
   * Requests at a time in one thread. With 1 a request never waits for another one's computing, unless all threads are
   * busy; more suits applications that mostly wait. @default 1 (gunicorn's gthread)
   */
  readonly concurrency?: number;
  /** So many requests may wait for a thread; further ones get 503. @default 1000 (gunicorn's worker_connections) */
  readonly maxQueue?: number;
  /** So long a request may wait for a thread; then it gets 503. @default 30_000 (gunicorn's timeout) */
  readonly queueTimeoutMs?: number;
  /** What a 503 says in Retry-After, in seconds. @default 1 */
  readonly retryAfterSeconds?: number;
  /**
   * A thread whose event loop is silent for so long while it has requests is stopped and replaced: 504. One that waits
   * for something is not silent. A request whose client has left may go on for as long, too.
   * @default 30_000 (gunicorn's timeout)
   */
  readonly timeoutMs?: number;
  /** A thread must be in service after so long. @default 60_000 (Puma's worker_boot_timeout) */
  readonly bootTimeoutMs?: number;
  /** So much of a body, each way, is on its way between the threads at most. @default 262_144 */
  readonly windowBytes?: number;
  /** How long a thread that died waits for its replacement. */
  readonly backoff?: BackoffOptions;
  /** Memory of each thread (node:worker_threads); one that needs more dies. @default Node's */
  readonly resourceLimits?: ResourceLimits;
  /** Flags of Node for the threads, as `--conditions`. @default those of this process */
  readonly execArgv?: readonly string[];
  /** Environment variables of the threads. @default a copy of this process's */
  readonly env?: WorkerOptions['env'];
  /** @default errors and warnings on stderr */
  readonly log?: Log;
  /** Time, for tests. @default the system's */
  readonly clock?: Clock;
}

/** How a thread is started. */
export interface Program {
  readonly script: URL | string;
  readonly data: unknown;
}

/** Options with their defaults. */
export interface ResolvedOptions {
  readonly program: Program;
  readonly threads: number;
  readonly concurrency: number;
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  readonly retryAfterSeconds: number;
  readonly timeoutMs: number;
  readonly bootTimeoutMs: number;
  readonly windowBytes: number;
  readonly backoff: BackoffOptions;
  readonly worker: Pick<WorkerOptions, 'resourceLimits' | 'execArgv' | 'env'>;
  readonly log: Log;
  readonly clock: Clock;
}

/** Beside this file, whether that is the source or the build. */
const MODULE_SCRIPT: URL = import.meta.url.endsWith('.ts')
  ? new URL('./module-thread.ts', import.meta.url)
  : new URL('./module-thread.js', import.meta.url);
/** gunicorn's timeout. */
const TIMEOUT_MS = 30_000;
/** Puma's worker_boot_timeout. */
const BOOT_TIMEOUT_MS = 60_000;
/** Four reads of a socket; HTTP/2 begins with the window of one (RFC 9113 §6.9.2). */
const WINDOW_BYTES = 262_144;
/** Less would be mostly messages. */
const MIN_WINDOW_BYTES = 16_384;

/** @throws UsageError `BAD_OPTION` */
export function resolveOptions(options: ThreadPoolOptions): ResolvedOptions {
  const { resourceLimits, execArgv, env } = options;
  return {
    program: resolveProgram(options.thread),
    threads: checkCount('threads', options.threads ?? availableParallelism(), 1),
    concurrency: checkCount('concurrency', options.concurrency ?? 1, 1),
    maxQueue: checkCount('maxQueue', options.maxQueue ?? DEFAULT_QUEUE.maxQueue, 0),
    queueTimeoutMs: checkDelay('queueTimeoutMs', options.queueTimeoutMs ?? DEFAULT_QUEUE.queueTimeoutMs),
    retryAfterSeconds: checkCount(
      'retryAfterSeconds',
      options.retryAfterSeconds ?? DEFAULT_QUEUE.retryAfterSeconds,
      0,
    ),
    timeoutMs: checkDelay('timeoutMs', options.timeoutMs ?? TIMEOUT_MS),
    bootTimeoutMs: checkDelay('bootTimeoutMs', options.bootTimeoutMs ?? BOOT_TIMEOUT_MS),
    windowBytes: checkCount('windowBytes', options.windowBytes ?? WINDOW_BYTES, MIN_WINDOW_BYTES),
    backoff: options.backoff ?? {},
    worker: {
      ...(resourceLimits && { resourceLimits }),
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env !== undefined && { env }),
    },
    log: options.log ?? consoleLog,
    clock: options.clock ?? systemClock,
  };
}

function resolveProgram(thread: ModuleProgram | ScriptProgram | undefined): Program {
  if (thread === undefined)
    throw new UsageError('BAD_OPTION', 'thread says what to run: a module or a script');
  if ('script' in thread) return { script: thread.script, data: thread.data };
  return { script: MODULE_SCRIPT, data: { module: String(thread.module), name: thread.export ?? 'default' } };
}
