import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { type AcceptBalance, type Accepting, Balance } from './accept-balance.ts';
import { pauseAccepting, resumeAccepting } from './accept-pause.ts';
import type { ListenTarget } from './bind.ts';
import { systemClock } from './clock.ts';
import { MisuseError } from './errors.ts';
import {
  FIRST_SOCKET_FD,
  isProtocolMessage,
  type MasterMessage,
  type Vitals,
  type WorkerFacts,
  type WorkerMessage,
} from './protocol.ts';
import { Scoreboard } from './scoreboard.ts';
import { startWatchdog, type TaskLog, taskMemory, Tasks } from './watchdog.ts';
import type { Reply } from './questions.ts';
import type { AskCallback, StopCallback, WorkerSide } from './worker-side.ts';

/** Each overtakes those before it. */
const URGENCY = ['no', 'retired', 'graceful', 'quick'] as const;
type Stopping = (typeof URGENCY)[number];

/** How long a quick stop may take when there is no master to end it. */
const QUICK_TIMEOUT_MS = 2000;
/** How long the last words may take to get out. */
const FLUSH_TIMEOUT_MS = 1000;

/** A worker in the service of its master. */
export class Member implements WorkerSide {
  readonly id: number;
  readonly generation: number;
  readonly masterPid: number;
  readonly data: unknown;
  readonly fds: readonly number[];
  readonly addresses: readonly ListenTarget[];
  readonly backlog: number;
  readonly #gracefulTimeoutMs: number;
  readonly #stopCallbacks: StopCallback[] = [];
  readonly #logCallbacks: (() => void)[] = [];
  #askCallback: AskCallback | undefined;
  #stopping: Stopping = 'no';
  /** What has been called so far for the end of this worker. */
  readonly #leaving: Promise<void>[] = [];
  readonly #facts: WorkerFacts;
  readonly #balances: AcceptBalance[] = [];
  #tasks: TaskLog | undefined;
  #beats: Int32Array | undefined;
  #utilisation = performance.eventLoopUtilization();
  #beatUnderWay = false;

  constructor(facts: WorkerFacts) {
    this.#facts = facts;
    this.id = facts.id;
    this.generation = facts.generation;
    this.masterPid = facts.masterPid;
    this.addresses = facts.addresses;
    this.backlog = facts.backlog;
    this.fds = facts.addresses.map((_, index) => FIRST_SOCKET_FD + index);
    this.data = facts.hasData ? JSON.parse(readFileSync(0, 'utf8')) : undefined;
    this.#gracefulTimeoutMs = facts.gracefulTimeoutMs;
    if (facts.title !== undefined) process.title = facts.title;
    this.#listen();
    setInterval(() => this.#beat(), facts.beatMs).unref();
  }

  ready(): void {
    this.#send({ prefork: 'ready' });
    // A thread takes as long to start as a small worker: it does when that is ready, beside its first requests.
    void this.#tasks?.watched;
  }

  async fail(
    error: unknown,
    { application = false }: { readonly application?: boolean } = {},
  ): Promise<never> {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const code = application ? 4 : 3;
    setTimeout(() => process.exit(code), FLUSH_TIMEOUT_MS);
    this.#send({ prefork: 'fail', failure: { message, stack, application } }, () => process.exit(code));
    return new Promise<never>(() => undefined);
  }

  onStop(callback: StopCallback): void {
    this.#stopCallbacks.push(callback);
  }

  onReopenLogs(callback: () => void): void {
    this.#logCallbacks.push(callback);
  }

  onAsk(callback: AskCallback): void {
    this.#askCallback = callback;
  }

  report(stats: object): void {
    this.#send({ prefork: 'report', stats });
  }

  recycle(reason: string): void {
    this.#send({ prefork: 'recycle', reason });
  }

  balance(accepting: Accepting): AcceptBalance {
    const { scoreboard, shared } = this.#facts;
    if (!scoreboard || !shared) return { update: () => undefined, leave: () => undefined };
    if (this.#balances.length > 0) {
      throw new MisuseError(
        'invalid-state',
        'this worker takes part in the balance already: count all connections there',
      );
    }
    const board = new Scoreboard(scoreboard.fd);
    const balance = new Balance(scoreboard.record, board, accepting, systemClock, setImmediate);
    this.#balances.push(balance);
    return balance;
  }

  balanceServers(...servers: readonly Server[]): void {
    const balance = this.balance({
      pause: () => servers.forEach(pauseAccepting),
      resume: () => servers.forEach((server) => resumeAccepting(server, this.backlog)),
    });
    let open = 0;
    const closed = (): void => balance.update(--open);
    for (const server of servers) {
      server.on('connection', (socket) => {
        balance.update(++open);
        socket.once('close', closed);
      });
    }
  }

  watchTasks(): TaskLog {
    this.#tasks ??= this.#watchTasks();
    return this.#tasks;
  }

  #watchTasks(): TaskLog {
    const { scoreboard, timeoutMs } = this.#facts;
    const memory = taskMemory();
    this.#beats = memory.beats;
    if (!scoreboard || timeoutMs === 0) return new Tasks(memory);
    return new Tasks(memory, () => startWatchdog({ memory, ...scoreboard, silenceMs: timeoutMs / 2 }));
  }

  #listen(): void {
    process.on('message', (message) => this.#hear(message));
    process.on('disconnect', () => this.#orphaned());
    process.on('SIGTERM', () => this.#stop('graceful'));
    process.on('SIGQUIT', () => this.#stop('quick'));
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    process.on('SIGUSR1', () => this.#reopenLogs());
  }

  #hear(message: unknown): void {
    if (!isProtocolMessage(message)) return;
    const known = message as MasterMessage;
    if (known.prefork === 'stop') this.#stop(urgency(known));
    else if (known.prefork === 'reopen-logs') this.#reopenLogs();
    else if (known.prefork === 'ask') void this.#answer(known.id, known.question);
  }

  async #answer(id: number, question: unknown): Promise<void> {
    let reply: Reply = { problem: 'it answers no questions' };
    try {
      if (this.#askCallback) reply = { answer: await this.#askCallback(question) };
    } catch (error) {
      reply = { problem: error instanceof Error ? error.message : String(error) };
    }
    this.#send({ prefork: 'answer', id, reply });
  }

  /** The master is gone, and nobody will end this process if it does not do so by itself. */
  #orphaned(): void {
    const left = this.#stopping === 'quick' ? QUICK_TIMEOUT_MS : this.#gracefulTimeoutMs;
    setTimeout(() => process.exit(1), left);
    this.#stop('graceful');
  }

  #stop(how: Stopping): void {
    if (URGENCY.indexOf(how) <= URGENCY.indexOf(this.#stopping)) return;
    this.#stopping = how;
    for (const balance of this.#balances.splice(0)) balance.leave();
    void this.#leave(how);
  }

  async #leave(how: Stopping): Promise<void> {
    const called = this.#stopCallbacks.map(async (callback) => callback(how !== 'quick', how === 'retired'));
    // What closes at the first call may have nothing to wait for at the second: only haste leaves it behind.
    if (how === 'quick') this.#leaving.length = 0;
    this.#leaving.push(...called);
    const outcomes = await Promise.allSettled(this.#leaving);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) console.error(failed.reason);
    process.exit(failed ? 1 : 0);
  }

  #reopenLogs(): void {
    for (const callback of this.#logCallbacks) callback();
  }

  /** One beat at a time: a master that is stopped for hours does not fill this process's memory. */
  #beat(): void {
    if (this.#beats) Atomics.add(this.#beats, 0, 1);
    if (this.#beatUnderWay) return;
    this.#beatUnderWay = true;
    this.#send({ prefork: 'beat', ...this.#vitals() }, () => (this.#beatUnderWay = false));
  }

  #vitals(): Vitals {
    const before = this.#utilisation;
    this.#utilisation = performance.eventLoopUtilization();
    const { utilization: utilisation } = performance.eventLoopUtilization(this.#utilisation, before);
    const memoryBytes = residentBytes();
    return { utilisation, ...(memoryBytes !== undefined && { memoryBytes }) };
  }

  #send(message: WorkerMessage, sent: () => void = () => undefined): void {
    // Without a channel there is nobody to tell: the worker is stopping by then.
    if (process.connected) process.send?.(message, undefined, undefined, sent);
    else sent();
  }
}

function urgency({ graceful, retired }: { graceful: boolean; retired?: boolean }): Stopping {
  if (!graceful) return 'quick';
  return retired ? 'retired' : 'graceful';
}

/** It is read from a file: without a free descriptor it is not known, and that is no reason to fall. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
