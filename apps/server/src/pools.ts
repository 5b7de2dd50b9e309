import {
  createMaster,
  type ListenTarget,
  type Logger as MasterLogger,
  type Master,
} from '@highball/prefork-master';
import { CommandError } from './errors.ts';
import type { HookRunner, ServerContext } from './hooks.ts';
import type { InForce } from './in-force.ts';
import type { Launch } from './launch.ts';
import type { Logger } from './log.ts';
import { hookEvents } from './master-hooks.ts';
import { lowLimitText } from './memory-warning.ts';
import type { PlanRole } from './plan.ts';
import { poolOptions } from './pool-options.ts';

/** A group of equal workers under this process. */
export interface Pool {
  name: string;
  role: PlanRole;
  master: Master;
}

/** What pools are made of. */
export interface PoolParts {
  readonly launch: Launch;
  readonly inForce: InForce;
  readonly log: Logger;
  readonly hooks: HookRunner;
}

/** The pools of a stack: those behind, and the front. */
export class Pools {
  readonly #parts: PoolParts;
  readonly #pools: Pool[] = [];
  #started = false;
  #stopping = false;

  constructor(parts: PoolParts) {
    this.#parts = parts;
  }

  /** In the order in which they were begun; the front is the last. */
  get all(): readonly Pool[] {
    return this.#pools;
  }

  /** The pool that takes the clients; undefined before it is begun. */
  get front(): Pool | undefined {
    return this.#pools.find(({ role }) => role.kind === 'front');
  }

  /** The server as hooks see it. */
  context(): ServerContext {
    return { pid: process.pid, addresses: this.front?.master.status().addresses ?? [] };
  }

  /** From now on what happens is told: while pools start, that is one line at the end. */
  started(): void {
    this.#started = true;
  }

  /**
   * Starts a pool; resolves when its workers are ready.
   * @throws MasterError when they do not come up. @throws CommandError when all has been told to stop meanwhile.
   */
  async start(
    name: string,
    listen: readonly ListenTarget[],
    workers: number,
    role: PlanRole,
  ): Promise<Master> {
    const { launch, inForce, hooks, log } = this.#parts;
    this.#checkGoing();
    const master = createMaster({
      ...poolOptions(inForce.settings, role, launch),
      title: name,
      listen,
      workers,
      worker: inForce.program(role),
      log: this.#poolLog(name),
    });
    this.#pools.push({ name, role, master });
    hookEvents(master, name, hooks, () => this.context());
    master.on('memoryLimitLow', (worker, low) => log.warn(lowLimitText(name, worker, low)));
    await master.start();
    this.#checkGoing();
    return master;
  }

  /** Stops the front before what it needs, and that at once. */
  async stop(options: { graceful: boolean }): Promise<void> {
    this.#stopping = true;
    await this.front?.master.stop(options);
    await Promise.all(this.#pools.map(({ master }) => master.stop(options)));
  }

  #checkGoing(): void {
    if (this.#stopping) throw new CommandError('the server was told to stop before it was ready');
  }

  #poolLog(name: string): MasterLogger {
    const { log: parent } = this.#parts;
    const log = parent.child({ process: name === 'front' ? 'master' : `master of ${name}` });
    const at =
      (level: 'info' | 'warn' | 'error') =>
      (fields: object, message: string): void => {
        log.level = parent.level;
        log[this.#started ? level : 'debug'](withWorkerPid(fields), message);
      };
    return { info: at('info'), warn: at('warn'), error: at('error') };
  }
}

/** The pid of a log line is that of the process that writes it; a worker's gets a name of its own. */
function withWorkerPid(fields: object): object {
  const { pid, ...others } = fields as { pid?: unknown };
  return pid === undefined ? others : { ...others, workerPid: pid };
}
