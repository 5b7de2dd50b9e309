import type { Clock } from './clock.ts';
import { UpgradeError } from './errors.ts';
import { isReadyMessage } from './handover.ts';
import type { Child } from './options.ts';
import { MasterLine } from './other-master.ts';
import { describeExit } from './worker-exit.ts';
import type { AskCallback } from './worker-side.ts';

/** From TERM to KILL for a new master that was given up: its quick stop and a moment. */
const KILL_TIMEOUT_MS = 5000;

/** A new master process, from its start to its end, as the old one sees it. */
export class NextMaster {
  readonly pid: number;
  /** For questions to it, and from it. */
  readonly line: MasterLine;
  readonly #child: Child;
  readonly #clock: Clock;
  readonly #up = Promise.withResolvers<void>();
  #ready = false;

  /** @param exited - is called when its process has ended. */
  constructor(child: Child, clock: Clock, answer: AskCallback, exited: (next: NextMaster) => void) {
    this.#child = child;
    this.#clock = clock;
    this.pid = child.pid ?? -1;
    const send = (message: object): void => void child.send(message, () => undefined);
    this.line = new MasterLine({ isOpen: () => child.connected, send }, clock, answer);
    child.on('error', (error) => this.#up.reject(failed(`cannot be started: ${error.message}`, error)));
    child.on('exit', (code, signal) => {
      this.line.close();
      this.#up.reject(failed(`(pid ${this.pid}) ${describeExit(code, signal)} before it was ready`));
      exited(this);
    });
    child.on('message', (message) => {
      if (isReadyMessage(message)) this.#up.resolve();
      else this.line.hear(message);
    });
  }

  /** Whether its workers serve. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Whether there has ever been a process that could exit. */
  get exists(): boolean {
    return this.#child.pid !== undefined;
  }

  /** Resolves when its workers serve. @throws {UpgradeError} when they do not within this time. */
  async whenReady(timeoutMs: number): Promise<void> {
    const deadline = this.#clock.setTimeout(() => {
      const message = `the new master (pid ${this.pid}) was not ready within ${timeoutMs} ms`;
      this.#up.reject(new UpgradeError('upgrade-timeout', message));
    }, timeoutMs);
    try {
      await this.#up.promise;
      this.#ready = true;
    } finally {
      this.#clock.clearTimeout(deadline);
    }
  }

  /** Ends it. It may hang for good: whatever it does, it is gone in the end. */
  end(): void {
    const child = this.#child;
    child.kill('SIGTERM');
    const timer = this.#clock.setTimeout(() => child.kill('SIGKILL'), KILL_TIMEOUT_MS);
    child.on('exit', () => this.#clock.clearTimeout(timer));
  }

  /** Leaves it alone: it lives on, and this process need not wait for it. */
  leave(): void {
    if (this.#child.connected) this.#child.disconnect();
    this.#child.unref();
  }
}

/** What a new master has failed in. */
export function failed(what: string, cause?: Error): UpgradeError {
  return new UpgradeError('upgrade-failed', `the new master ${what}`, cause && { cause });
}
