import type { Server } from 'node:net';
import type { AcceptBalance, Accepting } from './accept-balance.ts';
import type { ListenTarget } from './bind.ts';
import type { TaskLog } from './watchdog.ts';

/**
 * A callback for the end of a worker. `graceful`: finish what is under way; otherwise there is no time for that.
 * `retired`: others do the work from now on, so what clients hold open, such as tunnels, may be kept for as long as
 * they want: the master ends it when `retireTimeoutMs` has passed.
 */
export type StopCallback = (graceful: boolean, retired: boolean) => void | Promise<void>;

/** Answers a question of the master. */
export type AskCallback = (question: unknown) => unknown;

/** What a worker has of its master. */
export interface WorkerSide {
  /** The slot: 1, 2… A replacement has the id of the worker before it. */
  readonly id: number;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
  readonly masterPid: number;
  /** What the master was given as `worker.data`. */
  readonly data: unknown;
  /**
   * The sockets, in the order of the master's `listen`, then those that this worker takes care of for slots that are
   * gone: `server.listen({ fd }, worker.backlog)` on all of them.
   */
  readonly fds: readonly number[];
  /** Where each of them is bound. */
  readonly addresses: readonly ListenTarget[];
  /** For the second argument of `listen`: Node ignores one beside an `fd`, and would set the queue back to 511. */
  readonly backlog: number;
  /** Says that this worker serves from now on. */
  ready(): void;
  /** Says why this worker cannot come up, and exits: with 4 when the application is at fault, else with 3. */
  fail(error: unknown, options?: { readonly application?: boolean }): Promise<never>;
  /**
   * Called when the worker is to stop: by the master, by SIGTERM or SIGQUIT, or because the master is gone. When all
   * callbacks have settled the process exits. A graceful stop may follow a retirement, and a quick one either: they are
   * called again.
   */
  onStop(callback: StopCallback): void;
  /** Called when log files are to be opened anew. */
  onReopenLogs(callback: () => void): void;
  /** Answers the questions of the master (`master.ask`): with what it returns, as JSON can carry it, or what it throws. */
  onAsk(callback: AskCallback): void;
  /** Tells the master how it goes: shown in its status, and in its log if this worker blocks. */
  report(stats: object): void;
  /** Asks for a replacement: this worker stays in service until that is ready. */
  recycle(reason: string): void;
  /**
   * Takes part in the balance of connections: a worker that has more than others holds back until they have caught
   * up. For connections that are accepted in some other way than by servers; does nothing where each worker has a
   * socket of its own.
   * @throws {MisuseError} `invalid-state` when it is called twice: there is one count of a worker.
   */
  balance(accepting: Accepting): AcceptBalance;
  /** The same for servers of `node:net` and `node:http` that listen on `fds`: their connections are counted. */
  balanceServers(...servers: readonly Server[]): void;
  /**
   * Notes from now on what this worker is busy with, for the log of the master should the event loop block. Costs
   * a thread, and a fraction of a microsecond a task.
   */
  watchTasks(): TaskLog;
}
