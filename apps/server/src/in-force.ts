import type { Identity } from '@highball/daemon';
import type { ScriptProgram } from '@highball/prefork-master';
import { availableParallelism } from 'node:os';
import { checkApart } from './check-apart.ts';
import type { Config } from './config.ts';
import { messageOf } from './errors.ts';
import type { HookRunner } from './hooks.ts';
import type { Launch, LaunchReading } from './launch.ts';
import type { Logger } from './log.ts';
import type { PlanRole, PlanSource } from './plan.ts';
import { workerProgram } from './pool-options.ts';
import { type Change, changedUpstreams, compareSettings } from './reconfigure.ts';
import { settingsOf } from './resolve-settings.ts';
import type { Settings } from './settings.ts';
import type { FrontSockets } from './tls/plan.ts';
import { readFrontSockets } from './tls/read-tls.ts';

/** A configuration that is correct. */
export interface Accepted {
  readonly config: Config;
  readonly settings: Settings;
  /** What a worker makes it of. */
  readonly source: PlanSource;
  /** Where the front listens, and by which certificates. */
  readonly sockets: FrontSockets;
}

/** Who is told of another configuration. */
export interface InForceParts {
  readonly launch: Launch;
  readonly log: Logger;
  readonly hooks: HookRunner;
  /** The user and group that workers become. */
  readonly identity?: Identity | undefined;
}

/** The configuration that is in force: what workers are started from, whatever becomes of its file. */
export class InForce {
  readonly #parts: InForceParts;
  #accepted: Accepted;

  constructor(parts: InForceParts) {
    const { launch } = parts;
    this.#parts = parts;
    const { config, source, origins } = launch;
    const settings = settingsOf(origins);
    this.#accepted = { config, source, settings, sockets: this.#readSockets(settings, config) };
  }

  get config(): Config {
    return this.#accepted.config;
  }

  get settings(): Settings {
    return this.#accepted.settings;
  }

  get sockets(): FrontSockets {
    return this.#accepted.sockets;
  }

  /** How many workers the front is meant to have. */
  get frontSize(): number {
    const { workers, workersMin, workersMax } = this.settings;
    const size = workers === 'auto' ? availableParallelism() : workers;
    return workersMax === 0 ? size : Math.min(workersMax, Math.max(workersMin, size));
  }

  /** How many it may have, when so many are asked for. */
  mostWorkers(workers: number): number {
    return Math.max(workers, this.settings.workersMax);
  }

  /** What a worker is started from. */
  program(role: PlanRole): ScriptProgram {
    const { identity } = this.#parts;
    return workerProgram({
      source: this.#accepted.source,
      role: role.kind === 'upstream' ? { ...role, tellsLoad: this.#isAskedForLoad(role.upstream) } : role,
      settings: this.settings,
      // Whoever is behind has no need of keys.
      ...(role.kind === 'front' && { sockets: this.sockets }),
      ...(identity && { identity }),
    });
  }

  /**
   * Reads file and environment anew and puts into force what a reload can bring; the rest is said in the log.
   * @returns what was in force before, for `restore`.
   * @throws CommandError when they are not valid any more: everything stays as it is.
   */
  async renew(): Promise<Accepted> {
    const { launch, log } = this.#parts;
    const reading = await this.#readAnew().catch((error: unknown) => {
      log.error(`the reload is given up; the old workers stay in service: ${messageOf(error)}`);
      throw error;
    });
    const before = this.#accepted;
    const { config, source, sockets, change } = reading;
    const { settings, changed, postponed } = change;
    postponed.push(...changedUpstreams(launch.config, config));
    if (changed.length > 0) log.info(`the reload changes ${changed.join(', ')}`);
    if (postponed.length > 0) {
      log.warn(`a reload cannot change ${postponed.join(', ')}: run highball ctl upgrade, or restart`);
    }
    this.restore({ config, source, sockets, settings });
    return before;
  }

  /** Puts a configuration into force. */
  restore(accepted: Accepted): void {
    const { log, hooks } = this.#parts;
    this.#accepted = accepted;
    log.level = accepted.settings.logLevel;
    hooks.replace(accepted.config.hooks);
  }

  async #readAnew(): Promise<LaunchReading & { change: Change; sockets: FrontSockets }> {
    const reading = await this.#parts.launch.reread();
    const change = compareSettings(this.settings, settingsOf(reading.origins));
    await checkApart({ source: reading.source, settings: change.settings });
    return { ...reading, change, sockets: this.#readSockets(change.settings, reading.config) };
  }

  #readSockets(settings: Settings, { certificates }: Config): FrontSockets {
    return readFrontSockets({ settings, certificates, warn: (message) => this.#parts.log.warn(message) });
  }

  #isAskedForLoad(upstream: string): boolean {
    return this.config.upstreams?.[upstream]?.balance === 'least-load';
  }
}
