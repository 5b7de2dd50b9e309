import type { Master } from '@highball/prefork-master';
import type { PurgeTarget } from '@highball/http-cache';
import { CommandError } from './errors.ts';
import type { WorkerAnswers, WorkerQuestion } from './worker-questions.ts';

/** A purge looks at all that is stored: on a disk with many entries that takes a while. */
const PURGE_TIMEOUT_MS = 60_000;

/** How much a purge has concerned, over all workers. */
export interface PurgeResult {
  readonly workers: number;
  readonly memory: number;
  readonly disk: number;
}

/** What all workers of the front are told, and those that come after them as well. */
export class FrontCommands {
  readonly #master: () => Master;
  /** Servers that are drained, by their upstream: workers that are started later do not know it. */
  readonly #drained = new Map<string, Set<string>>();

  constructor(master: () => Master) {
    this.#master = master;
  }

  /** Has new workers told what they need to know. */
  watch(): void {
    this.#master().on('workerReady', () => {
      for (const [upstream, servers] of this.#drained)
        for (const server of servers)
          void this.#ask({ kind: 'drain-server', upstream, server, draining: true }).catch(() => undefined);
    });
  }

  /**
   * Lets a server finish what it has and gives it nothing new, or uses it again.
   * @returns how many workers do so. @throws CommandError when no worker knows it.
   */
  async drainServer(upstream: string, server: string, draining: boolean): Promise<number> {
    const answers = await this.#ask({ kind: 'drain-server', upstream, server, draining });
    const knowing = answers.filter(({ known }) => known).length;
    if (knowing === 0) {
      throw new CommandError(`no worker knows a server '${server}' of an upstream '${upstream}'`);
    }
    const drained = this.#drained.get(upstream) ?? new Set();
    this.#drained.set(upstream, drained);
    if (draining) drained.add(server);
    else drained.delete(server);
    return knowing;
  }

  /**
   * Purges the caches of all workers, those that finish their work included, and what they have on disk.
   * @throws CommandError when there is no cache, or a worker could not be told.
   */
  async purge(target: PurgeTarget, soft: boolean): Promise<PurgeResult> {
    const diskPid = this.#master()
      .status()
      .workers.find(({ state }) => state === 'ready')?.pid;
    const answers = await this.#ask({ kind: 'purge', target, soft, diskPid }, PURGE_TIMEOUT_MS);
    if (answers.every(({ caches }) => caches === 0)) {
      throw new CommandError('no route has a cache: give one `cache: true` in the configuration');
    }
    const sum = (key: 'memory' | 'disk'): number => answers.reduce((total, answer) => total + answer[key], 0);
    return { workers: answers.length, memory: sum('memory'), disk: sum('disk') };
  }

  /** @throws CommandError when a worker could not be asked: what was asked of it may not be done. */
  async #ask<Kind extends WorkerQuestion['kind']>(
    question: Extract<WorkerQuestion, { kind: Kind }>,
    timeoutMs?: number,
  ): Promise<WorkerAnswers[Kind][]> {
    const replies = await this.#master().ask(question, timeoutMs === undefined ? {} : { timeoutMs });
    return replies.map(({ worker, reply }) => {
      if ('answer' in reply) return reply.answer as WorkerAnswers[Kind];
      throw new CommandError(`worker ${worker.id} (pid ${worker.pid}): ${reply.problem}`);
    });
  }
}
