import { spawn as nodeSpawn } from 'node:child_process';
import { type Clock, systemClock } from './clock.ts';
import { MisuseError, type UpgradeError } from './errors.ts';
import { findPredecessor, type Predecessor } from './handover.ts';
import { launchMaster } from './launch-master.ts';
import { failed, NextMaster } from './next-master.ts';
import type { Spawn } from './options.ts';
import type { MasterLine, OtherMaster } from './other-master.ts';
import type { Reply } from './questions.ts';
import type { HandedSocket } from './socket-table.ts';
import type { Successor, UpgradeMember, UpgradeOptions } from './upgrade-types.ts';
import type { AskCallback } from './worker-side.ts';

/** Twice the time that a worker may take to boot: a server starts what is behind, and its front after that. */
const READY_TIMEOUT_MS = 120_000;
/** A master that does not answer within this is stopped, or no master of this kind. */
const ASK_TIMEOUT_MS = 5000;

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
  #next: NextMaster | undefined;

  constructor(parts: UpgraderParts = {}) {
    this.#spawn = parts.spawn ?? nodeSpawn;
    this.#clock = parts.clock ?? systemClock;
    this.#predecessor = 'predecessor' in parts ? parts.predecessor : findPredecessor();
    this.#predecessorLine = this.#predecessor?.openLine(this.#clock, (question) => this.#answer(question));
  }

  get successor(): Successor | undefined {
    return this.#next && { pid: this.#next.pid, ready: this.#next.ready };
  }

  get predecessorPid(): number | undefined {
    return this.#predecessor?.isAlive ? this.#predecessor.pid : undefined;
  }

  /** Whether another process listens on the same sockets, so that their files have to stay. */
  get isShared(): boolean {
    return this.#next !== undefined || (this.#predecessor?.isAlive ?? false);
  }

  async ask(
    question: unknown,
    { timeoutMs = ASK_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<Reply | undefined> {
    const before = this.#predecessor?.isAlive ? this.#predecessorLine : undefined;
    return await (this.#next?.line ?? before)?.ask(question, timeoutMs);
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
    this.#next?.leave();
    this.#next = undefined;
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
    const next = await this.#start(options).catch((error: UpgradeError) => {
      for (const member of this.#all()) member.upgradeTurn({ event: 'upgradeFailed', error });
      throw error;
    });
    for (const member of this.#all()) member.upgradeTurn({ event: 'upgradeReady', pid: next.pid });
    if (options.automatic) await this.#stepDown(next);
    return next.pid;
  }

  #answer(question: unknown): unknown {
    if (this.#askCallback) return this.#askCallback(question);
    throw new Error('it answers no questions');
  }

  #all(): UpgradeMember[] {
    return [...this.#members.values()];
  }

  #checkFree(): void {
    if (this.#next) {
      const { pid, ready } = this.#next;
      const state = ready ? 'is in service beside this one' : 'is starting';
      throw new MisuseError('invalid-state', `a new master (pid ${pid}) ${state}; stop one of the two first`);
    }
    if (this.#predecessor?.isAlive) {
      const { pid } = this.#predecessor;
      throw new MisuseError('invalid-state', `the old master (pid ${pid}) has not left yet; stop it first`);
    }
  }

  async #start({ program, timeoutMs = READY_TIMEOUT_MS }: UpgradeOptions): Promise<NextMaster> {
    const next = new NextMaster(
      launchMaster(this.#spawn, this.#members, program),
      this.#clock,
      (question) => this.#answer(question),
      (ended) => this.#exited(ended),
    );
    this.#next = next;
    try {
      await next.whenReady(timeoutMs);
      return next;
    } catch (error) {
      if (!next.exists) this.#next = undefined;
      if (this.#next === next) next.end();
      throw error;
    }
  }

  #exited(next: NextMaster): void {
    if (this.#next !== next) return;
    this.#next = undefined;
    if (!next.ready) return;
    for (const member of this.#all()) {
      member.upgradeTurn({ event: 'upgradeLost', pid: next.pid });
      // Its workers may have been stopped in favour of the new ones; a failure is told by the slots, which go on.
      member.restore().catch(() => undefined);
    }
  }

  /** The workers go first and the sockets last: until then the way back is open. */
  async #stepDown(next: NextMaster): Promise<void> {
    const members = this.#all().toReversed();
    for (const member of members) if (this.#next === next) await member.retire();
    if (this.#next !== next) throw failed(`(pid ${next.pid}) has ended; the old one serves again`);
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
