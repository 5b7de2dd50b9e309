import { chownSync } from 'node:fs';
import {
  createNotifier,
  createPidfile,
  type Identity,
  type Notifier,
  parseUmask,
  type Pidfile,
} from '@highball/daemon';
import { handleSignals } from '@highball/prefork-master';
import type { ControlPoint } from '../ctl/control-point.ts';
import { messageOf } from '../errors.ts';
import { heldSignals } from '../held-signals.ts';
import { HookRunner } from '../hooks.ts';
import type { Launch } from '../launch.ts';
import { createLog, type Logger } from '../log.ts';
import { type LogFile, openLogFile, prepareLogFile } from '../log-file.ts';
import { settingsOf } from '../resolve-settings.ts';
import type { Settings } from '../settings.ts';
import { Stack } from '../stack.ts';
import { startReport } from '../start-report.ts';
import { resolveIdentity } from './identity.ts';
import { listenTargets } from './listen-targets.ts';
import { announcePredecessor, withdrawPredecessor } from './predecessor.ts';
import { whenGone } from './when-gone.ts';

/** What an upgraded master puts behind the names of files that the old one still holds: gunicorn's `.2`. */
const SUCCESSOR_SUFFIX = '.2';

/** A stack in its system: pidfile, log file, control socket, signals, systemd. One for the life of a process. */
export class Service {
  /** Resolves when the stack has stopped, whoever has asked for it. */
  readonly stopped: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  readonly #launch: Launch;
  readonly #settings: Settings;
  readonly #predecessor: number | undefined;
  readonly #identity: Identity | undefined;
  readonly #logFile: LogFile | undefined;
  readonly #log: Logger;
  readonly #hooks: HookRunner;
  readonly #notifier: Notifier;
  readonly #stack: Stack;
  #pidfile: Pidfile | undefined;
  #control: ControlPoint | undefined;
  #stopping = false;

  /**
   * @param predecessor - the pid of the master that this one is to replace.
   * @throws CommandError, ServiceError, BindError when a setting cannot be met.
   */
  constructor(launch: Launch, predecessor: number | undefined) {
    this.stopped = this.#end.promise;
    this.#launch = launch;
    this.#predecessor = predecessor;
    const settings = settingsOf(launch.origins);
    this.#settings = settings;
    if (settings.umask !== '') process.umask(parseUmask(settings.umask));
    this.#identity = resolveIdentity(settings);
    if (settings.errorLog !== '-') this.#logFile = openLogFile(settings.errorLog, this.#identity);
    // Workers open it themselves; it must be there before their rights are less.
    if (settings.accessLog !== '' && settings.accessLog !== '-')
      prepareLogFile(settings.accessLog, this.#identity);
    this.#log = createLog({
      level: settings.logLevel,
      format: settings.logFormat,
      process: 'master',
      ...(this.#logFile && { target: this.#logFile }),
    });
    this.#hooks = new HookRunner(launch.config.hooks, this.#log);
    this.#notifier = createNotifier({ warn: (message) => this.#log.warn(message) });
    this.#stack = new Stack({
      launch,
      listen: listenTargets(settings, launch.origins, (bind) =>
        this.#log.warn(`systemd has opened the sockets: ${bind} is not listened on`),
      ),
      log: this.#log,
      hooks: this.#hooks,
      identity: this.#identity,
    });
  }

  /**
   * Starts everything.
   * @returns what to show to the person who has started it; undefined when it was told to stop before that.
   */
  async start(): Promise<string | undefined> {
    const undoStops = this.#handleStops();
    this.#takePidfile();
    await this.#hooks.demand('onStarting', this.#stack.context());
    if (this.#stopping) return undefined;
    const controlPoint = soon(() => import('../ctl/control-point.ts'));
    try {
      await this.#launch.check();
      if (this.#stopping) return undefined;
      await this.#stack.start();
    } catch (error) {
      // What has been told to stop has not failed.
      if (this.#stopping) return undefined;
      throw error;
    }
    this.#handleSignals(undoStops);
    this.#watchFront();
    this.#giveSockets();
    const { ControlPoint } = await controlPoint;
    this.#control = await ControlPoint.open(this.#controlPath(), {
      stack: this.#stack,
      log: this.#log,
      actions: {
        reload: () => this.#reload(),
        upgrade: () => this.#upgrade(true),
        reopenLogs: () => this.#reopenLogs(),
        stop: (graceful) =>
          void this.#stop(graceful ? 'highball ctl stop' : 'highball ctl stop --quick', graceful),
      },
    });
    if (this.#predecessor !== undefined) void this.#succeed(this.#predecessor);
    this.#notifier.notify({ ready: true, status: this.#statusLine() });
    this.#notifier.startWatchdog();
    this.#hooks.start('whenReady', this.#stack.context());
    return startReport(this.#stack, this.#launch);
  }

  /** Gives back what the service holds of its system; what has not been started is no matter. */
  async close(): Promise<void> {
    await this.#hooks.run('onExit', this.#stack.context());
    await this.#control?.close();
    this.#pidfile?.release();
    await this.#notifier.flushed();
  }

  #takePidfile(): void {
    const { pid } = this.#settings;
    if (pid !== '') this.#pidfile = createPidfile(this.#ownName(pid));
  }

  /** Undefined where none is wanted, or only if it can be had. */
  #controlPath(): { path: string; optional: boolean } | undefined {
    const { controlSocket } = this.#settings;
    if (controlSocket === 'off') return undefined;
    if (controlSocket === 'auto') return { path: '', optional: true };
    return { path: this.#ownName(controlSocket), optional: false };
  }

  /** The old master still holds the name itself. */
  #ownName(path: string): string {
    return this.#predecessor === undefined ? path : `${path}${SUCCESSOR_SUFFIX}`;
  }

  /** Takes over the names of the old master once it is gone. */
  async #succeed(predecessor: number): Promise<void> {
    await whenGone(predecessor);
    const { pid, controlSocket } = this.#settings;
    try {
      if (pid !== '') this.#pidfile?.move(pid);
      if (controlSocket !== 'auto' && controlSocket !== 'off') await this.#control?.move(controlSocket);
    } catch (error) {
      this.#log.error(`the old master's files cannot be taken over: ${messageOf(error)}`);
    }
  }

  #watchFront(): void {
    const { master } = this.#stack.front;
    master.on('upgradeReady', (pid) => {
      withdrawPredecessor();
      this.#notifier.notify({ mainPid: pid });
    });
    master.on('upgradeLost', () => {
      this.#notifier.notify({ mainPid: process.pid, ready: true });
    });
    master.on('scale', () => this.#notifier.notify({ status: this.#statusLine() }));
    // At the end of an upgrade the masters stop by themselves.
    master.once('stopped', () => {
      if (!this.#stopping) void this.#stack.stop({ graceful: true }).then(() => this.#end.resolve());
    });
  }

  /** A Unix socket belongs to those who serve on it: otherwise a proxy of their group could not connect. */
  #giveSockets(): void {
    const { uid = -1, gid = -1 } = this.#identity ?? {};
    if (!this.#identity || this.#predecessor !== undefined) return;
    for (const target of this.#stack.front.master.addresses()) {
      if ('path' in target) chownSync(target.path, uid, gid);
    }
  }

  /** What ends it is done at once, also while it starts. @returns what undoes that */
  #handleStops(): () => void {
    const listeners = Object.entries(this.#stops()).map(
      ([signal, stop]) => [signal as NodeJS.Signals, () => void stop()] as const,
    );
    for (const [signal, listener] of listeners) process.on(signal, listener);
    heldSignals().releaseStops();
    return () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    };
  }

  /** All signals, from now on; those that have come since the process began are done now. */
  #handleSignals(undoStops: () => void): void {
    const target = {
      stop: (options: { readonly graceful: boolean }) => this.#stack.stop(options),
      reload: () => this.#reload(),
      scale: async (workers: number) => void (await this.#stack.scale(workers)),
      retire: () => this.#stack.retire(),
      upgrade: () => this.#upgrade(false),
      reopenLogs: () => this.#reopenLogs(),
      status: () => this.#stack.status(),
    };
    handleSignals(target, this.#stops());
    undoStops();
    for (const signal of new Set(heldSignals().release())) process.emit(signal, signal);
  }

  #stops(): Record<'SIGTERM' | 'SIGINT' | 'SIGQUIT', () => Promise<void>> {
    return {
      SIGTERM: () => this.#stop('SIGTERM', true),
      SIGINT: () => this.#stop('SIGINT', false),
      SIGQUIT: () => this.#stop('SIGQUIT', false),
    };
  }

  async #stop(cause: string, graceful: boolean): Promise<void> {
    this.#log.info(`${cause}: ${graceful ? 'finishing the requests, then stopping' : 'stopping at once'}`);
    this.#stopping = true;
    this.#notifier.notify({ stopping: true });
    await this.#stack.stop({ graceful });
    this.#end.resolve();
  }

  async #reload(): Promise<void> {
    this.#notifier.notify({ reloading: true });
    try {
      await this.#stack.reload();
    } finally {
      this.#notifier.notify({ ready: true, status: this.#statusLine() });
    }
  }

  async #upgrade(automatic: boolean): Promise<number> {
    await this.#hooks.run('preExec', this.#stack.context());
    announcePredecessor();
    try {
      return await this.#stack.upgrade({ automatic });
    } catch (error) {
      this.#log.error(`the upgrade has failed, this master serves on: ${messageOf(error)}`);
      throw error;
    } finally {
      withdrawPredecessor();
    }
  }

  #reopenLogs(): void {
    try {
      this.#logFile?.reopen();
    } catch (error) {
      this.#log.error(messageOf(error));
    }
    this.#stack.reopenLogs();
  }

  #statusLine(): string {
    const { addresses } = this.#stack.context();
    return `serves ${addresses.join(', ')} with ${this.#stack.status().size} workers`;
  }
}

/** Does what is not needed yet while others work: the workers that have just been started load their modules. */
function soon<Done>(act: () => Promise<Done>): Promise<Done> {
  const done = new Promise(setImmediate).then(act);
  // Whoever waits for it is told.
  done.catch(() => undefined);
  return done;
}
