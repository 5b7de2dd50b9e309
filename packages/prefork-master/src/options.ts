import type { ChildProcess, SpawnOptions } from 'node:child_process';
import type { BackoffOptions } from './backoff.ts';
import type { ListenTarget } from './bind.ts';
import { type Clock, systemClock } from './clock.ts';
import { MisuseError } from './errors.ts';

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
export interface Child extends Pick<ChildProcess, 'pid' | 'stdin' | 'connected'> {
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
  /** The same for a quick stop. @default 2000 */
  readonly quickTimeoutMs?: number;
  /** How long a worker may take until it is ready. @default 60_000 */
  readonly bootTimeoutMs?: number;
  /** The longest queue of connections that no worker has accepted yet. @default 2048 */
  readonly backlog?: number;
  readonly backoff?: BackoffOptions;
  /** The file mode creation mask of this process and, so, of its workers. @default unchanged */
  readonly umask?: number;
  /** @default silent */
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly spawn?: Spawn;
}

/** The delays of one worker's life. */
export interface Limits {
  readonly timeoutMs: number;
  readonly gracefulTimeoutMs: number;
  readonly quickTimeoutMs: number;
  readonly bootTimeoutMs: number;
}

/** gunicorn's `timeout`, `graceful_timeout` and `backlog`. */
const TIMEOUT_MS = 30_000;
const GRACEFUL_TIMEOUT_MS = 30_000;
const BACKLOG = 2048;
/** Puma's `worker_boot_timeout`. */
const BOOT_TIMEOUT_MS = 60_000;
/** Long enough to close a database, short enough for someone who waits after Ctrl-C. */
const QUICK_TIMEOUT_MS = 2000;
/** The most that a timer of Node takes: 2^31 - 1. */
const MAX_DELAY_MS = 2_147_483_647;

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface ResolvedOptions extends Limits {
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
}

/** Fills in the defaults and checks what is given. @throws {MisuseError} `invalid-option` */
export function resolveOptions(options: MasterOptions): ResolvedOptions {
  if (options.listen.length === 0) throw invalid('listen', 'needs one address at least');
  return {
    listen: options.listen,
    worker: options.worker,
    workers: checkCount('workers', options.workers, 1),
    name: options.name,
    title: options.title,
    timeoutMs: checkDelay('timeoutMs', options.timeoutMs ?? TIMEOUT_MS),
    gracefulTimeoutMs: checkDelay('gracefulTimeoutMs', options.gracefulTimeoutMs ?? GRACEFUL_TIMEOUT_MS),
    quickTimeoutMs: checkDelay('quickTimeoutMs', options.quickTimeoutMs ?? QUICK_TIMEOUT_MS),
    bootTimeoutMs: checkDelay('bootTimeoutMs', options.bootTimeoutMs ?? BOOT_TIMEOUT_MS),
    backlog: checkCount('backlog', options.backlog ?? BACKLOG, 1),
    backoff: options.backoff ?? {},
    umask: options.umask,
    log: options.log ?? silent,
    clock: options.clock ?? systemClock,
    spawn: options.spawn,
  };
}

/** @throws {MisuseError} `invalid-option` unless it is a whole number from `least` on. */
export function checkCount(name: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw invalid(name, `must be a whole number from ${least} on`);
  return value;
}

function checkDelay(name: string, value: number): number {
  if (value >= 0 && value <= MAX_DELAY_MS) return value;
  throw invalid(name, `must be a number of milliseconds from 0 to ${MAX_DELAY_MS}`);
}

function invalid(name: string, mend: string): MisuseError {
  return new MisuseError('invalid-option', `the option ${name} ${mend}`);
}
