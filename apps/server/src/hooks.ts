import type { Environ } from '@highball/gateway-protocol';

/** The server, as hooks in the master see it. */
export interface ServerContext {
  /** The pid of the master. */
  readonly pid: number;
  /** Where the front listens: `127.0.0.1:8000`. Empty before the sockets are bound. */
  readonly addresses: readonly string[];
}

/** A worker, as hooks in the master and in the worker itself see it. */
export interface WorkerContext {
  /** Its number in its pool: 1, 2…; a replacement has that of the worker before it. */
  readonly id: number;
  /** `front`, or the name of an upstream. */
  readonly pool: string;
  /** Undefined before it has been started. */
  readonly pid: number | undefined;
  /** 1 at first, one more with each reload. */
  readonly generation: number;
}

/** What has become of a request. */
export interface ResponseFacts {
  /** As in `200 OK`; empty when the application never began a response. */
  readonly status: string;
  /** Bytes of the body. */
  readonly bodyBytes: number;
  readonly durationMs: number;
  /** False when the client left before the response was whole. */
  readonly complete: boolean;
}

/** How a worker process has ended. */
export interface ExitFacts {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it had been told to stop. */
  readonly expected: boolean;
}

type Done = void | Promise<void>;

/**
 * Functions that are called at certain moments: gunicorn's server hooks. The master runs those that it sees, the
 * workers run those that concern them alone; each process loads the configuration for itself.
 *
 * What a hook throws is logged and changes nothing else; only `onStarting` stops the start.
 */
export interface Hooks {
  /** In the master, before anything is bound; what it throws ends the start with exit code 1. */
  onStarting?(server: ServerContext): Done;
  /** In the master, when a reload begins: with the functions of the new configuration. */
  onReload?(server: ServerContext): Done;
  /** In the master, when all first workers are ready. */
  whenReady?(server: ServerContext): Done;
  /** In the master, before a worker process is started; it does not wait for a promise. */
  preFork?(server: ServerContext, worker: WorkerContext): Done;
  /** In a worker, before its application is loaded. */
  postFork?(worker: WorkerContext): Done;
  /** In a worker, when its application has been loaded, before the first request. */
  postWorkerInit?(worker: WorkerContext): Done;
  /** In a worker that is told to stop at once (INT, QUIT). */
  workerInt?(worker: WorkerContext): Done;
  /** In the master, when it ends a worker that blocks: the worker itself could not run it any more. */
  workerAbort?(server: ServerContext, worker: WorkerContext): Done;
  /** In the master, before a new master is started by an upgrade. */
  preExec?(server: ServerContext): Done;
  /** In a worker, before the application is called with a request; a promise is not waited for. */
  preRequest?(worker: WorkerContext, environ: Environ): Done;
  /** In a worker, at the end of a request; a promise is not waited for. */
  postRequest?(worker: WorkerContext, environ: Environ, response: ResponseFacts): Done;
  /** In the master, when a worker process has ended. */
  childExit?(server: ServerContext, worker: WorkerContext, exit: ExitFacts): Done;
  /** In a worker, when it has finished its requests and is about to exit. */
  workerExit?(worker: WorkerContext): Done;
  /** In the master, when a pool is meant to have another number of workers. */
  nworkersChanged?(server: ServerContext, pool: string, workers: number, before: number): Done;
  /** In the master, when everything has stopped. */
  onExit?(server: ServerContext): Done;
}

/** The names of all hooks. */
export const hookNames: readonly (keyof Hooks)[] = [
  'onStarting',
  'onReload',
  'whenReady',
  'preFork',
  'postFork',
  'postWorkerInit',
  'workerInt',
  'workerAbort',
  'preExec',
  'preRequest',
  'postRequest',
  'childExit',
  'workerExit',
  'nworkersChanged',
  'onExit',
];

/** Where a failed hook is written down. */
interface ErrorLog {
  error(fields: object, message: string): void;
}

/** The hooks of one process: calls them, and lets none of their errors out. */
export class HookRunner {
  readonly #log: ErrorLog;
  #hooks: Hooks;

  constructor(hooks: Hooks | undefined, log: ErrorLog) {
    this.#hooks = hooks ?? {};
    this.#log = log;
  }

  /** Takes the functions of a configuration that was read anew. */
  replace(hooks: Hooks | undefined): void {
    this.#hooks = hooks ?? {};
  }

  /** Whether there is such a hook: where there is none, nothing need be made for it. */
  has(name: keyof Hooks): boolean {
    return this.#hooks[name] !== undefined;
  }

  /** Calls a hook, if there is one, and waits for it. */
  async run<Name extends keyof Hooks>(name: Name, ...args: HookArguments<Name>): Promise<void> {
    try {
      await this.#call(name, args);
    } catch (error) {
      this.#failed(name, error);
    }
  }

  /** Calls a hook without waiting for it: what it does before its first `await` is done on return. */
  start<Name extends keyof Hooks>(name: Name, ...args: HookArguments<Name>): void {
    try {
      const done = this.#call(name, args);
      if (done instanceof Promise) done.catch((error: unknown) => this.#failed(name, error));
    } catch (error) {
      this.#failed(name, error);
    }
  }

  /** Calls a hook and hands its error on. */
  async demand<Name extends keyof Hooks>(name: Name, ...args: HookArguments<Name>): Promise<void> {
    await this.#call(name, args);
  }

  #call(name: keyof Hooks, args: readonly unknown[]): unknown {
    const hook = this.#hooks[name];
    return hook && Reflect.apply(hook, this.#hooks, args);
  }

  #failed(name: keyof Hooks, err: unknown): void {
    this.#log.error({ err }, `the hook ${name} has failed`);
  }
}

type HookArguments<Name extends keyof Hooks> = Parameters<NonNullable<Hooks[Name]>>;
