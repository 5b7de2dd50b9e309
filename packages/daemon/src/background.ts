import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { ServiceError } from './errors.ts';

/** What the process in the background says to the one that has started it. */
type Report =
  | { readonly background: 'ready'; readonly message: string }
  | { readonly background: 'failed'; readonly message: string; readonly exitCode: number };

/** Options of {@link startInBackground}. */
export interface BackgroundOptions {
  /** The program. @default this Node */
  readonly command?: string;
  /** @default those of this process: the same script with the same arguments */
  readonly args?: readonly string[];
  /** The folder it starts in. @default that of this process */
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What its standard output and error are appended to. @default '/dev/null' */
  readonly output?: string;
  /** How long it may take until it is ready. @default 120_000 */
  readonly timeoutMs?: number;
}

/** A process that is up in the background. */
export interface StartedProcess {
  readonly pid: number;
  /** What it had to say when it was ready. */
  readonly message: string;
}

/** What the process in the background has of the one that has started it. */
export interface BackgroundSide {
  /** Says that the service is up: the other process exits with 0. */
  ready(message?: string): Promise<void>;
  /** Says why it is not: the other process shows the message, and exits with the code. */
  failed(message: string, exitCode: number): Promise<void>;
}

/** The environment variable that makes a process one in the background; its value is the pid of its starter. */
const VARIABLE = 'DAEMON_STARTER';
/** Two boots of a minute each, as prefork masters allow them. */
const TIMEOUT_MS = 120_000;
/** sd_listen_fds(3): the sockets that a launcher has handed over begin here. */
const FIRST_LISTEN_FD = 3;

/**
 * Starts a program in the background and waits until it says that it is ready. Node cannot fork: the program is
 * started anew, in a session of its own (setsid(2)), without a terminal, and calls {@link joinBackground}.
 *
 * Sockets that systemd or another launcher has handed over go along.
 * @throws {ServiceError} `background-failed` with its message and exit code, or `background-timeout`.
 */
export async function startInBackground(options: BackgroundOptions = {}): Promise<StartedProcess> {
  const { command = process.execPath, args = [...process.execArgv, ...process.argv.slice(1)] } = options;
  const output = openOutput(options.output ?? '/dev/null');
  const sockets = listenFds(process.env, process.pid);
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', output, output, ...sockets, 'ipc'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...process.env, ...options.env, [VARIABLE]: String(process.pid) },
  });
  closeSync(output);
  try {
    return await outcome(child, options.timeoutMs ?? TIMEOUT_MS);
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/**
 * The side of the process in the background; undefined in a process that {@link startInBackground} has not started.
 * Call it once, before processes are started: they shall not take themselves for it.
 */
export function joinBackground(): BackgroundSide | undefined {
  const starter = process.env[VARIABLE];
  delete process.env[VARIABLE];
  if (starter === undefined || !process.connected) return undefined;
  // The sockets were meant for the process whose place this one has taken.
  if (process.env['LISTEN_PID'] === starter) process.env['LISTEN_PID'] = String(process.pid);
  // Nobody may be listening any more; and the channel alone shall not keep a process alive.
  process.channel?.unref();
  return {
    ready: (message = '') => tell({ background: 'ready', message }),
    failed: (message, exitCode) => tell({ background: 'failed', message, exitCode }),
  };
}

function tell(report: Report): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (!process.connected) return Promise.resolve();
  process.send?.(report, undefined, undefined, () => {
    if (process.connected) process.disconnect();
    resolve();
  });
  return promise;
}

interface BackgroundChild {
  readonly pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'close', listener: (code: number | null, signal: NodeJS.Signals | null) => void): unknown;
}

async function outcome(child: BackgroundChild, timeoutMs: number): Promise<StartedProcess> {
  const { promise, resolve, reject } = Promise.withResolvers<StartedProcess>();
  const fail = (message: string, exitCode = 1): void =>
    reject(new ServiceError('background-failed', message, { exitCode }));
  child.on('message', (message) => {
    const report = message as Partial<Report> | null;
    if (report?.background === 'ready') resolve({ pid: child.pid as number, message: report.message ?? '' });
    else if (report?.background === 'failed') fail(report.message ?? '', report.exitCode);
  });
  child.on('error', (error) => fail(`cannot be started in the background: ${error.message}`));
  child.on('close', (code, signal) =>
    fail(
      `the process in the background has ended (${signal ?? `exit code ${code}`}) before it was ready`,
      code ?? 1,
    ),
  );
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    const message = `the process in the background was not ready within ${timeoutMs} ms, and was ended`;
    reject(new ServiceError('background-timeout', message));
  }, timeoutMs);
  return promise.finally(() => clearTimeout(timer));
}

function openOutput(file: string): number {
  try {
    return openSync(file, 'a', 0o640);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ServiceError('background-failed', `cannot write to ${file}: ${code}`, { cause });
  }
}

function listenFds(env: NodeJS.ProcessEnv, pid: number): number[] {
  const count = Number(env['LISTEN_FDS'] ?? 0);
  if (Number(env['LISTEN_PID']) !== pid || !Number.isInteger(count)) return [];
  return Array.from({ length: count }, (_, index) => FIRST_LISTEN_FD + index);
}
