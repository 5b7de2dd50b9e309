import { execFile } from 'node:child_process';

/** What a service tells systemd: sd_notify(3). */
export interface ServiceState {
  /** The service is up, or a reload is over. */
  readonly ready?: boolean;
  /** A reload begins; the moment goes with it, as `Type=notify-reload` demands. */
  readonly reloading?: boolean;
  /** The service begins to stop. */
  readonly stopping?: boolean;
  /** One line for `systemctl status`. */
  readonly status?: string;
  /** The main process is another one from now on, as after an upgrade. */
  readonly mainPid?: number;
  /** A sign of life for `WatchdogSec=`. */
  readonly watchdog?: boolean;
}

/** Runs a program; the callback gets its error, if it had one. */
export type RunProgram = (
  file: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly timeout: number },
  done: (error: (Error & { code?: unknown }) | null) => void,
) => unknown;

/** Options of {@link createNotifier}. */
export interface NotifierOptions {
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** @default this process's */
  readonly pid?: number;
  /** Told once when systemd waits for notifications and none can be sent. @default ignored */
  readonly warn?: (message: string) => void;
  /** Microseconds of CLOCK_MONOTONIC. @default the system's */
  readonly monotonicUsec?: () => bigint;
  /** @default execFile of node:child_process */
  readonly run?: RunProgram;
}

/** Tells systemd how the service is. Does nothing where systemd does not listen. */
export interface Notifier {
  /** Whether systemd, or somebody in its place, waits for notifications. */
  readonly active: boolean;
  /** Half of `WatchdogSec=` in milliseconds, as sd_watchdog_enabled(3) advises; undefined without a watchdog. */
  readonly watchdogMs: number | undefined;
  /** Sends one notification; those that come while one is under way go out together, in order. */
  notify(state: ServiceState): void;
  /** Resolves when all has been sent. */
  flushed(): Promise<void>;
  /** Gives a sign of life every `watchdogMs` from now on, as long as `isHealthy` says so. Returns the end of it. */
  startWatchdog(isHealthy?: () => boolean): () => void;
}

/** systemd itself answers at once; an unresponsive one must not leave processes behind. */
const RUN_TIMEOUT_MS = 5000;
/** Each waiting notification is a process to start; beyond this the oldest give way. */
const MAX_WAITING = 16;

/**
 * Makes a notifier for the service that this process is, by `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
 *
 * Node has no datagram sockets in AF_UNIX, so systemd-notify(1) sends each message, with this process as its
 * sender. Where that needs rights that the service does not have, its unit says `NotifyAccess=all`.
 */
export function createNotifier(options: NotifierOptions = {}): Notifier {
  return new SystemdNotifier(options);
}

class SystemdNotifier implements Notifier {
  readonly watchdogMs: number | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #warn: (message: string) => void;
  readonly #monotonicUsec: () => bigint;
  readonly #run: RunProgram;
  #active: boolean;
  #waiting: string[][] = [];
  #underWay: Promise<void> | undefined;

  constructor(options: NotifierOptions) {
    const { env = process.env, pid = process.pid } = options;
    this.#env = { ...env };
    this.#warn = options.warn ?? (() => undefined);
    this.#monotonicUsec = options.monotonicUsec ?? (() => process.hrtime.bigint() / 1000n);
    this.#run = options.run ?? execFile;
    this.#active = /^[/@]./.test(env['NOTIFY_SOCKET'] ?? '');
    this.watchdogMs = this.#active ? watchdogInterval(env, pid) : undefined;
  }

  get active(): boolean {
    return this.#active;
  }

  notify(state: ServiceState): void {
    if (!this.#active) return;
    this.#waiting.push(assignments(state, this.#monotonicUsec));
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#underWay ??= this.#sendAll();
  }

  async flushed(): Promise<void> {
    await this.#underWay;
  }

  startWatchdog(isHealthy: () => boolean = () => true): () => void {
    if (this.watchdogMs === undefined) return () => undefined;
    const timer = setInterval(() => {
      if (isHealthy()) this.notify({ watchdog: true });
    }, this.watchdogMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  async #sendAll(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#send(next);
    }
    this.#underWay = undefined;
  }

  #send(variables: readonly string[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const options = { env: this.#env, timeout: RUN_TIMEOUT_MS };
    this.#run('systemd-notify', variables, options, (error) => {
      if (error) this.#failed(error);
      resolve();
    });
    return promise;
  }

  #failed(error: Error & { code?: unknown }): void {
    const missing = error.code === 'ENOENT';
    this.#warn(
      missing
        ? 'systemd waits for notifications, but systemd-notify is not in the PATH: install it, or use Type=simple'
        : `systemd-notify has failed: ${error.message.trim().split('\n').at(-1)}`,
    );
    if (!missing) return;
    this.#active = false;
    this.#waiting = [];
  }
}

/** One `NAME=value` an argument, and no value that makes two lines of it: each line would be an assignment. */
function assignments(state: ServiceState, monotonicUsec: () => bigint): string[] {
  return [
    ...(state.reloading ? ['RELOADING=1', `MONOTONIC_USEC=${monotonicUsec()}`] : []),
    ...(state.ready ? ['READY=1'] : []),
    ...(state.stopping ? ['STOPPING=1'] : []),
    ...(state.mainPid === undefined ? [] : [`MAINPID=${state.mainPid}`]),
    ...(state.watchdog ? ['WATCHDOG=1'] : []),
    ...(state.status === undefined ? [] : [`STATUS=${state.status.replaceAll(/\p{Cc}+/gu, ' ')}`]),
  ];
}

/** The watchdog may be meant for another process: WATCHDOG_PID. */
function watchdogInterval(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  const usec = Number(env['WATCHDOG_USEC']);
  const meant = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
  return meant && usec > 0 ? Math.max(1, Math.floor(usec / 2000)) : undefined;
}
