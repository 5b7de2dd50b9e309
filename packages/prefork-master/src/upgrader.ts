import { spawn as nodeSpawn } from 'node:child_process';
import { type Clock, systemClock } from './clock.ts';
import { MisuseError, UpgradeError } from './errors.ts';
import {
  findPredecessor,
  type Handover,
  isReadyMessage,
  type Predecessor,
  UPGRADE_VARIABLE,
} from './handover.ts';
import type { Child, Spawn } from './options.ts';
import { MasterLine, type OtherMaster } from './other-master.ts';
import { FIRST_SOCKET_FD } from './protocol.ts';
import type { Reply } from './questions.ts';
import type { HandedSocket } from './socket-table.ts';
import { systemdSockets } from './systemd-sockets.ts';
import type { UpgradeTurn } from './upgrade-turn.ts';
import { describeExit } from './worker-exit.ts';
import type { AskCallback } from './worker-side.ts';

/** The program of a new master. */
export interface UpgradeProgram {
  readonly command: string;
  readonly args?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface UpgradeOptions {
  /** Whether this master steps down when the new one is ready. @default false: both serve until a signal says which */
  readonly automatic?: boolean;
  /** @default this process's own: its executable, its flags, its script and its arguments */
  readonly program?: UpgradeProgram;
  /** How long the new master may take until it is ready. @default 120_000 */
  readonly timeoutMs?: number;
}

/** The new master as it is now. */
export interface Successor {
  readonly pid: number;
  /** Whether its workers serve. */
  readonly ready: boolean;
}

/** A master of this process that goes with an upgrade. */
export interface UpgradeMember {
  handOver(): HandedSocket[];
  /** Stops the workers and keeps the sockets; resolves when they have exited. */
  retire(): Promise<void>;
  /** Starts the workers again. */
  restore(): Promise<void>;
  stop(): Promise<void>;
  upgradeTurn(turn: UpgradeTurn): void;
}

/** Twice the time that a worker may take to boot: a master starts its pools one after the other. */
const READY_TIMEOUT_MS = 120_000;
/** From TERM to KILL for a new master that was given up: its quick stop and a moment. */
const KILL_TIMEOUT_MS = 5000;
/** A master that does not answer within this is stopped, or no master of this kind. */
const ASK_TIMEOUT_MS = 5000;

interface Attempt {
  readonly child: Child;
  readonly line: MasterLine;
  readonly pid: number;
  ready: boolean;
}

/** What an upgrader is made of; all of it is this process's own unless a test says otherwise. */
export interface UpgraderParts {
  readonly spawn?: Spawn;
  readonly clock?: Clock;
  readonly predecessor?: Predecessor | undefined;
}

/**
 * Starts the next master process on the sockets of this one, for all masters of this process at once. It knows who
 * else has the sockets: the process before this one, and the one after it.
 */
export class Upgrader implements OtherMaster {
  readonly #spawn: Spawn;
  readonly #clock: Clock;
  readonly #predecessor: Predecessor | undefined;
  readonly #predecessorLine: MasterLine | undefined;
  readonly #members = new Map<string, UpgradeMember>();
  #askCallback: AskCallback | undefined;
  #attempt: Attempt | undefined;

  constructor(parts: UpgraderParts = {}) {
    this.#spawn = parts.spawn ?? nodeSpawn;
    this.#clock = parts.clock ?? systemClock;
    this.#predecessor = 'predecessor' in parts ? parts.predecessor : findPredecessor();
    this.#predecessorLine = this.#predecessor?.openLine(this.#clock, (question) => this.#answer(question));
  }

  get successor(): Successor | undefined {
    return this.#attempt && { pid: this.#attempt.pid, ready: this.#attempt.ready };
  }

  get predecessorPid(): number | undefined {
    return this.#predecessor?.isAlive ? this.#predecessor.pid : undefined;
  }

  /** Whether another process listens on the same sockets, so that their files have to stay. */
  get isShared(): boolean {
    return this.#attempt !== undefined || (this.#predecessor?.isAlive ?? false);
  }

  async ask(
    question: unknown,
    { timeoutMs = ASK_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<Reply | undefined> {
    const before = this.#predecessor?.isAlive ? this.#predecessorLine : undefined;
    return await (this.#attempt?.line ?? before)?.ask(question, timeoutMs);
  }

  onAsk(callback: AskCallback): void {
    this.#askCallback = callback;
  }

  /**
   * Takes a master in. Its name tells its sockets from those of others in the new process, where the masters have to
   * come in the same order if their names are the same.
   * @returns the key that the other methods know it by, and the sockets that an older process has left to it.
   */
  join(name: string, member: UpgradeMember): { readonly key: string; readonly sockets: HandedSocket[] } {
    let number = 0;
    while (this.#members.has(`${name}#${number}`)) number++;
    const key = `${name}#${number}`;
    this.#members.set(key, member);
    return { key, sockets: this.#predecessor?.socketsOf(key) ?? [] };
  }

  /** A master is in service. */
  ready(key: string): void {
    const predecessor = this.#predecessor;
    if (!predecessor) return;
    predecessor.poolReady(key);
    predecessor.onGone(() =>
      this.#members.get(key)?.upgradeTurn({ event: 'promoted', pid: predecessor.pid }),
    );
  }

  /** A master has stopped. With the last one this process gives the sockets up. */
  leave(key: string): void {
    this.#members.delete(key);
    if (this.#members.size > 0) return;
    this.#predecessor?.leave();
    const child = this.#attempt?.child;
    this.#attempt = undefined;
    if (child?.connected) child.disconnect();
    // It lives on, and this process need not wait for it.
    child?.unref();
  }

  /**
   * Starts a new master process and resolves with its pid when it is ready, or, if `automatic`, when this one has
   * stopped after that.
   * @throws {MisuseError} `invalid-state` while an upgrade is under way, or a new master serves already.
   * @throws {UpgradeError} when the new master does not come up; this one has served on.
   */
  async upgrade(options: UpgradeOptions = {}): Promise<number> {
    this.#checkFree();
    for (const member of this.#all()) member.upgradeTurn({ event: 'upgrade' });
    const attempt = await this.#start(options).catch((error: UpgradeError) => {
      for (const member of this.#all()) member.upgradeTurn({ event: 'upgradeFailed', error });
      throw error;
    });
    for (const member of this.#all()) member.upgradeTurn({ event: 'upgradeReady', pid: attempt.pid });
    if (options.automatic) await this.#stepDown(attempt);
    return attempt.pid;
  }

  #answer(question: unknown): unknown {
    if (this.#askCallback) return this.#askCallback(question);
    throw new Error('it answers no questions');
  }

  #all(): UpgradeMember[] {
    return [...this.#members.values()];
  }

  #checkFree(): void {
    if (this.#attempt) {
      const { pid, ready } = this.#attempt;
      const state = ready ? 'is in service beside this one' : 'is starting';
      throw new MisuseError('invalid-state', `a new master (pid ${pid}) ${state}; stop one of the two first`);
    }
    if (this.#predecessor?.isAlive) {
      const { pid } = this.#predecessor;
      throw new MisuseError('invalid-state', `the old master (pid ${pid}) has not left yet; stop it first`);
    }
  }

  async #start({ program, timeoutMs = READY_TIMEOUT_MS }: UpgradeOptions): Promise<Attempt> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = this.#launch(program ?? ownProgram());
    const line = this.#openLine(child);
    const attempt: Attempt = { child, line, pid: child.pid ?? -1, ready: false };
    this.#attempt = attempt;
    child.on('exit', () => line.close());
    child.on('error', (error) => reject(failed(`cannot be started: ${error.message}`, error)));
    child.on('exit', (code, signal) => {
      reject(failed(`(pid ${attempt.pid}) ${describeExit(code, signal)} before it was ready`));
      this.#exited(attempt);
    });
    child.on('message', (message) => {
      if (isReadyMessage(message)) resolve();
      else line.hear(message);
    });
    const deadline = this.#clock.setTimeout(() => {
      const message = `the new master (pid ${attempt.pid}) was not ready within ${timeoutMs} ms`;
      reject(new UpgradeError('upgrade-timeout', message));
    }, timeoutMs);
    try {
      await promise;
      attempt.ready = true;
      return attempt;
    } catch (error) {
      this.#giveUp(attempt);
      throw error;
    } finally {
      this.#clock.clearTimeout(deadline);
    }
  }

  #openLine(child: Child): MasterLine {
    const send = (message: object): void => void child.send(message, () => undefined);
    const channel = { isOpen: () => child.connected, send };
    return new MasterLine(channel, this.#clock, (question) => this.#answer(question));
  }

  #launch(program: UpgradeProgram): Child {
    const fds: number[] = [];
    const pools: Record<string, HandedSocket[]> = {};
    for (const [key, member] of this.#members) {
      const renumbered: HandedSocket[] = [];
      for (const socket of member.handOver())
        renumbered.push({ ...socket, fd: FIRST_SOCKET_FD + fds.push(socket.fd) - 1 });
      pools[key] = renumbered;
    }
    const handover: Handover = {
      masterPid: process.pid,
      pools,
      launcherSockets: systemdSockets(),
    };
    return this.#spawn(program.command, program.args ?? [], {
      ...(program.cwd !== undefined && { cwd: program.cwd }),
      env: environment(program, handover),
      stdio: ['inherit', 'inherit', 'inherit', ...fds, 'ipc'],
    });
  }

  /** It may hang for good: whatever it does, it is gone in the end. */
  #giveUp(attempt: Attempt): void {
    const { child } = attempt;
    // There may never have been a process that could exit.
    if (child.pid === undefined) this.#attempt = undefined;
    if (this.#attempt !== attempt) return;
    child.kill('SIGTERM');
    const timer = this.#clock.setTimeout(() => child.kill('SIGKILL'), KILL_TIMEOUT_MS);
    child.on('exit', () => this.#clock.clearTimeout(timer));
  }

  #exited(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    if (!attempt.ready) return;
    for (const member of this.#all()) {
      member.upgradeTurn({ event: 'upgradeLost', pid: attempt.pid });
      // Its workers may have been stopped in favour of the new ones; a failure is told by the slots, which go on.
      member.restore().catch(() => undefined);
    }
  }

  /** The workers go first and the sockets last: until then the way back is open. */
  async #stepDown(attempt: Attempt): Promise<void> {
    const members = this.#all().toReversed();
    for (const member of members) if (this.#attempt === attempt) await member.retire();
    if (this.#attempt !== attempt) throw failed(`(pid ${attempt.pid}) has ended; the old one serves again`);
    for (const member of members) await member.stop();
  }
}

let own: Upgrader | undefined;

/** The upgrader of this process. */
export function processUpgrader(): Upgrader {
  own ??= new Upgrader();
  return own;
}

/**
 * The other master process of an upgrade, for programs whose masters are told something that concerns the workers of
 * both.
 */
export function otherMaster(): OtherMaster {
  return processUpgrader();
}

function ownProgram(): UpgradeProgram {
  return { command: process.execPath, args: [...process.execArgv, ...process.argv.slice(1)] };
}

function environment(program: UpgradeProgram, handover: Handover): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...program.env,
    // They name this process: the new one finds its sockets in the handover.
    LISTEN_FDS: undefined,
    LISTEN_PID: undefined,
    LISTEN_FDNAMES: undefined,
    [UPGRADE_VARIABLE]: JSON.stringify(handover),
  };
}

function failed(what: string, cause?: Error): UpgradeError {
  return new UpgradeError('upgrade-failed', `the new master ${what}`, cause && { cause });
}
