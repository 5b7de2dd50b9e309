import type { Master, OtherMaster, WorkerReply } from '@highball/prefork-master';
import type { PurgeTarget } from '@highball/http-cache';
import type { Config } from './config.ts';
import { type DrainedServers, forgetUnnamed, noteDrained } from './drained.ts';
import { CommandError } from './errors.ts';
import type { MasterAnswers, MasterQuestion } from './master-questions.ts';
import type { WorkerAnswers, WorkerQuestion } from './worker-questions.ts';

/** A purge looks at all that is stored: on a disk with many entries that takes a while. */
const PURGE_TIMEOUT_MS = 60_000;
/** A server that starts waits no longer for the old master's word. */
const SUCCEED_TIMEOUT_MS = 2000;

/** How much a purge has concerned, over all workers. */
export interface PurgeResult {
  readonly workers: number;
  readonly memory: number;
  readonly disk: number;
}

type ServerState = Omit<Extract<WorkerQuestion, { kind: 'drain-server' }>, 'kind'>;
type Purged = PurgeResult & { readonly caches: number };

/**
 * What all workers of the front are told, and those that come after them as well; during an upgrade also those of the
 * other master.
 */
export class FrontCommands {
  /** Servers that are drained; a worker is started with the list of its moment. */
  readonly drained: DrainedServers = {};
  readonly #master: () => Master | undefined;
  readonly #other: OtherMaster;

  /** @param master - that of the front; undefined before it is started. */
  constructor(master: () => Master | undefined, other: OtherMaster) {
    this.#master = master;
    this.#other = other;
    other.onAsk((question) => this.#answer(question as MasterQuestion));
  }

  /** Takes over what the old master of an upgrade was told. To be called before the workers are started. */
  async succeed(config: Config): Promise<void> {
    const question: MasterQuestion = { kind: 'drained' };
    const reply = await this.#other.ask(question, { timeoutMs: SUCCEED_TIMEOUT_MS });
    if (reply === undefined || !('answer' in reply)) return;
    Object.assign(this.drained, (reply.answer as MasterAnswers['drained']).drained);
    forgetUnnamed(this.drained, config);
  }

  /** Tells workers that are ready what may have changed since they were started. */
  watch(): void {
    this.#master()?.on('workerReady', () => {
      void this.#ask({ kind: 'drained', drained: this.drained }).catch(() => undefined);
    });
  }

  /** Another configuration is in force: it may not name all servers any more. */
  reloaded(config: Config): void {
    forgetUnnamed(this.drained, config);
  }

  /**
   * Lets a server finish what it has and gives it nothing new, or uses it again.
   * @returns how many workers do so. @throws CommandError when no worker knows it, or one could not be told.
   */
  async drainServer(upstream: string, server: string, draining: boolean): Promise<number> {
    const state = { upstream, server, draining };
    const here = await this.#drainHere(state);
    const question: MasterQuestion = { kind: 'drain-server', ...state };
    const there = await this.#askOther<MasterAnswers['drain-server']>(question);
    const all = [here, ...(there === undefined ? [] : [there])];
    const knowing = all.reduce((sum, each) => sum + each.knowing, 0);
    const problem = all.find((each) => each.problem !== undefined)?.problem;
    if (problem !== undefined) throw new CommandError(problem);
    if (knowing > 0) return knowing;
    noteDrained(this.drained, { ...state, draining: false });
    throw new CommandError(`no worker knows a server '${server}' of an upstream '${upstream}'`);
  }

  /**
   * Purges the caches of all workers, those that finish their work included, and what they have on disk.
   * @throws CommandError when there is no cache, or a worker could not be told.
   */
  async purge(target: PurgeTarget, soft: boolean): Promise<PurgeResult> {
    const here = await this.#purgeHere(target, soft);
    const question: MasterQuestion = { kind: 'purge', target, soft };
    const there = await this.#askOther<Purged>(question, PURGE_TIMEOUT_MS);
    const purged = sumUp(there === undefined ? [here] : [here, there]);
    const { caches, ...result } = purged;
    if (result.workers === 0) throw new CommandError('no worker serves that could purge its cache');
    if (caches > 0) return result;
    throw new CommandError('no route has a cache: give one `cache: true` in the configuration');
  }

  /** What the other master wants. */
  async #answer(question: MasterQuestion): Promise<MasterAnswers[MasterQuestion['kind']]> {
    if (question.kind === 'drained') return { drained: this.drained };
    if (question.kind === 'purge') return await this.#purgeHere(question.target, question.soft);
    const { upstream, server, draining } = question;
    return await this.#drainHere({ upstream, server, draining });
  }

  /** A worker that could not be told keeps nobody from telling the others, and those that come. */
  async #drainHere(state: ServerState): Promise<MasterAnswers['drain-server']> {
    const replies = await this.#ask({ kind: 'drain-server', ...state });
    const knowing = replies.filter(
      ({ reply }) => 'answer' in reply && (reply.answer as WorkerAnswers['drain-server']).known,
    ).length;
    if (knowing > 0 || !state.draining || replies.length === 0) noteDrained(this.drained, state);
    const failed = replies.find(({ reply }) => 'problem' in reply);
    return { knowing, ...(failed && { problem: problemOf(failed) }) };
  }

  async #purgeHere(target: PurgeTarget, soft: boolean): Promise<Purged> {
    const diskPid = this.#serving?.status().workers.find(({ state }) => state === 'ready')?.pid;
    const replies = await this.#ask({ kind: 'purge', target, soft, diskPid }, PURGE_TIMEOUT_MS);
    return sumUp(replies.map(purgedOf));
  }

  async #ask(question: WorkerQuestion, timeoutMs?: number): Promise<readonly WorkerReply[]> {
    return (await this.#serving?.ask(question, timeoutMs === undefined ? {} : { timeoutMs })) ?? [];
  }

  /** A new master has no workers yet, and an old one may have none any more. */
  get #serving(): Master | undefined {
    const master = this.#master();
    return master?.status().state === 'running' ? master : undefined;
  }

  /** @throws CommandError when there is one, and it could not be told. */
  async #askOther<Answer>(question: MasterQuestion, timeoutMs?: number): Promise<Answer | undefined> {
    const reply = await this.#other.ask(question, timeoutMs === undefined ? {} : { timeoutMs });
    if (reply === undefined) return undefined;
    if ('answer' in reply) return reply.answer as Answer;
    throw new CommandError(`the other master of the upgrade: ${reply.problem}`);
  }
}

function purgedOf(each: WorkerReply): Purged {
  if (!('answer' in each.reply)) throw new CommandError(problemOf(each));
  const { caches, memory, disk } = each.reply.answer as WorkerAnswers['purge'];
  return { workers: 1, caches, memory, disk };
}

function problemOf({ worker, reply }: WorkerReply): string {
  return `worker ${worker.id} (pid ${worker.pid}): ${'problem' in reply ? reply.problem : ''}`;
}

function sumUp(all: readonly Purged[]): Purged {
  const sum = (key: keyof Purged): number => all.reduce((total, each) => total + each[key], 0);
  return { workers: sum('workers'), caches: sum('caches'), memory: sum('memory'), disk: sum('disk') };
}
