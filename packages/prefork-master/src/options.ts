import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { type AutoscaleOptions, resolveAutoscale } from './autoscale.ts';
import type { BackoffOptions } from './backoff.ts';
import type { ListenTarget } from './bind.ts';
import { type Clock, systemClock } from './clock.ts';
import { MisuseError } from './errors.ts';
import type { PatrolOptions } from './patrol.ts';
import type { Sharing } from './socket-table.ts';
import type { Upgrader } from './upgrader.ts';

/** Where the master says what it does. pino fits; the fields come first, as it has them. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

interface ProgramOptions {
  readonly args?: readonly string[];
  /** Added to the environment of the master. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The user and group that workers run as; the sockets are bound before, so they may need more rights. */
  readonly uid?: number;
  readonly gid?: number;
  /** Handed over as JSON: `joinMaster().data` in a script, standard input in any other program. */
  readonly data?: unknown;
}

/** A worker that is a script for Node and calls `joinMaster()`. */
export interface ScriptProgram extends ProgramOptions {
  readonly script: string | URL;
  /** Flags for Node. @default those of this process, without its inspector's */
  readonly execArgv?: readonly string[];
}

/** A worker that is any program. It finds the sockets from descriptor 3 on, their number in LISTEN_FDS. */
export interface CommandProgram extends ProgramOptions {
  readonly command: string;
  /**
   * Whether the program sends `ready` and `beat` over the IPC channel. Without it counts as ready once it has been
   * started, and is stopped by SIGTERM alone.
   * @default false
   */
  readonly handshake?: boolean;
}

export type WorkerProgram = ScriptProgram | CommandProgram;

/** What the master needs of a child process; one of node:child_process has it. */
export interface Child extends Pick<ChildProcess, 'pid' | 'stdin' | 'connected' | 'disconnect' | 'unref'> {
  kill(signal: NodeJS.Signals): boolean;
  send(message: object, sent: (error: Error | null) => void): boolean;
  on(event: 'spawn', listener: () => void): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(
    event: 'exit' | 'close',
    listener: (code: number | null, signal: NodeJS.Signals | null) => void,
  ): unknown;
}

export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => Child;

export interface MasterOptions {
  readonly listen: readonly ListenTarget[];
  readonly worker: WorkerProgram;
  /** How many workers to keep alive. */
  readonly workers: number;
  /** What `ps` calls the processes: `NAME: master [TITLE]`. Without a name no title is touched. */
  readonly name?: string;
  /** What `ps` shows in brackets. @default the addresses */
  readonly title?: string;
  /** A worker whose event loop is silent for longer is killed and replaced; 0 never. @default 30_000 */
  readonly timeoutMs?: number;
  /** How long a worker that was told to stop may finish its work before it is killed. @default 30_000 */
  readonly gracefulTimeoutMs?: number;
  /**
   * How long one that was replaced, or scaled away, may live for what its clients hold open, while the master does not
   * stop; never less than `gracefulTimeoutMs`. nginx's `worker_shutdown_timeout`, HAProxy's `hard-stop-after`.
   * @default gracefulTimeoutMs
   */
  readonly retireTimeoutMs?: number;
  /** How many such workers there may be for each one in service; the oldest is ended first. @default 4 */
  readonly maxRetired?: number;
  /** The same as `gracefulTimeoutMs` for a quick stop. @default 2000 */
  readonly quickTimeoutMs?: number;
  /** How long a worker may take until it is ready. @default 60_000 */
  readonly bootTimeoutMs?: number;
  /** The longest queue of connections that no worker has accepted yet. @default 2048 */
  readonly backlog?: number;
  readonly backoff?: BackoffOptions;
  /**
   * How workers share a TCP address: all accept from one queue, or each slot has a socket of its own. Either way the
   * master keeps the sockets, and what waits in a queue is served by the next worker. @default 'inherited'
   */
  readonly sharing?: Sharing;
  /** A worker that has served for longer is replaced. @default Infinity */
  readonly maxLifetimeMs?: number;
  /** Up to so much is added, anew for each worker, so that not all come to it at once. @default 0 */
  readonly lifetimeJitterMs?: number;
  /** A worker whose resident memory is larger is replaced. @default Infinity */
  readonly maxMemoryBytes?: number;
  /** Changes the number of workers with their load. @default none */
  readonly autoscale?: AutoscaleOptions;
  /** Files and folders: when something changes there, the workers are replaced as by `reload()`. @default none */
  readonly watch?: readonly string[];
  /** How long nothing may change before that. @default 200 */
  readonly watchDebounceMs?: number;
  /** The file mode creation mask of this process and, so, of its workers. @default unchanged */
  readonly umask?: number;
  /** @default silent */
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly spawn?: Spawn;
  /** For the jitter. @default Math.random */
  readonly random?: () => number;
  /** What goes with other masters through an upgrade. @default this process's own */
  readonly upgrader?: Upgrader;
}

/** The delays of one worker's life. */
export interface Limits {
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
  readonly retireTimeoutMs: number;
  readonly quickTimeoutMs: number;
  readonly bootTimeoutMs: number;
}

/** gunicorn's `timeout`, `graceful_timeout` and `backlog`. */
const TIMEOUT_MS = 30_000;
const GRACEFUL_TIMEOUT_MS = 30_000;
const BACKLOG = 2048;
/** Enough for the reloads of an afternoon; nginx has no limit, and many reloads fill its memory. */
const MAX_RETIRED = 4;
/** Puma's `worker_boot_timeout`. */
const BOOT_TIMEOUT_MS = 60_000;
/** Long enough to close a database, short enough for someone who waits after Ctrl-C. */
const QUICK_TIMEOUT_MS = 2000;
/** A compiler writes its output within this; a person does not notice it. */
const WATCH_DEBOUNCE_MS = 200;
/** The most that a timer of Node takes: 2^31 - 1. */
const MAX_DELAY_MS = 2_147_483_647;

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface ResolvedOptions extends Limits, PatrolOptions {
  readonly listen: readonly ListenTarget[];
  readonly worker: WorkerProgram;
  readonly workers: number;
  readonly name: string | undefined;
  readonly title: string | undefined;
  readonly backlog: number;
  readonly backoff: BackoffOptions;
  readonly umask: number | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  readonly spawn: Spawn | undefined;
  readonly sharing: Sharing;
  readonly maxRetired: number;
  readonly watch: readonly string[];
  readonly watchDebounceMs: number;
  readonly random: () => number;
  readonly upgrader: Upgrader | undefined;
}

/** Fills in the defaults and checks what is given. @throws {MisuseError} `invalid-option` */
export function resolveOptions(options: MasterOptions): ResolvedOptions {
  if (options.listen.length === 0) throw invalid('listen', 'needs one address at least');
  const { gracefulTimeoutMs = GRACEFUL_TIMEOUT_MS } = options;
  return {
    listen: options.listen,
    worker: options.worker,
    workers: checkCount('workers', options.workers, 1),
    name: options.name,
    title: options.title,
    timeoutMs: checkDelay('timeoutMs', options.timeoutMs ?? TIMEOUT_MS),
    gracefulTimeoutMs: checkDelay('gracefulTimeoutMs', gracefulTimeoutMs),
    retireTimeoutMs: checkDelay('retireTimeoutMs', options.retireTimeoutMs ?? gracefulTimeoutMs),
    maxRetired: checkCount('maxRetired', options.maxRetired ?? MAX_RETIRED, 0),
    quickTimeoutMs: checkDelay('quickTimeoutMs', options.quickTimeoutMs ?? QUICK_TIMEOUT_MS),
    bootTimeoutMs: checkDelay('bootTimeoutMs', options.bootTimeoutMs ?? BOOT_TIMEOUT_MS),
    backlog: checkCount('backlog', options.backlog ?? BACKLOG, 1),
    backoff: options.backoff ?? {},
    umask: options.umask,
    log: options.log ?? silent,
    clock: options.clock ?? systemClock,
    spawn: options.spawn,
    sharing: checkSharing(options.sharing ?? 'inherited'),
    maxLifetimeMs: checkLimit('maxLifetimeMs', options.maxLifetimeMs ?? Infinity),
    lifetimeJitterMs: checkDelay('lifetimeJitterMs', options.lifetimeJitterMs ?? 0),
    maxMemoryBytes: checkLimit('maxMemoryBytes', options.maxMemoryBytes ?? Infinity),
    autoscale: options.autoscale && checkAutoscale(resolveAutoscale(options.autoscale)),
    watch: options.watch ?? [],
    watchDebounceMs: checkDelay('watchDebounceMs', options.watchDebounceMs ?? WATCH_DEBOUNCE_MS),
    random: options.random ?? Math.random,
    upgrader: options.upgrader,
  };
}

/** @throws {MisuseError} `invalid-option` unless it is a whole number from `least` on. */
export function checkCount(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid(name, `must be a whole number from ${least} on`);
  return value;
}

function checkSharing(value: Sharing): Sharing {
  if (value === 'inherited' || value === 'reuseport') return value;
  throw invalid('sharing', "must be 'inherited' or 'reuseport'");
}

function checkLimit(name: string, value: number): number {
  if (value > 0) return value;
  throw invalid(name, 'must be more than 0, or Infinity for no limit');
}

function checkAutoscale(options: Required<AutoscaleOptions>): Required<AutoscaleOptions> {
  checkCount('autoscale.min', options.min, 1);
  checkCount('autoscale.max', options.max, options.min);
  checkDelay('autoscale.upAfterMs', options.upAfterMs);
  checkDelay('autoscale.downAfterMs', options.downAfterMs);
  if (options.targetUtilisation > 0 && options.targetUtilisation <= 1) return options;
  throw invalid('autoscale.targetUtilisation', 'must be more than 0 and at most 1');
}

function checkDelay(name: string, value: number): number {
  if (value >= 0 && value <= MAX_DELAY_MS) return value;
  throw invalid(name, `must be a number of milliseconds from 0 to ${MAX_DELAY_MS}`);
}

function invalid(name: string, mend: string): MisuseError {
  return new MisuseError('invalid-option', `the option ${name} ${mend}`);
}
