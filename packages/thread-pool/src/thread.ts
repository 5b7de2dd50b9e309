import { type Application, interfaceOf } from '@highball/gateway-protocol';
import type { MessagePort } from 'node:worker_threads';
import { isMainThread, workerData } from 'node:worker_threads';
import { describeError } from './error-transfer.ts';
import { ApplicationError, UsageError } from './errors.ts';
import { type ExchangeOwner, ThreadExchange } from './inside/exchange.ts';
import { type FromThread, type ThreadFacts, type ToThread, WORKER_DATA_KEY } from './protocol.ts';

/** Makes the application of a thread, of what the pool was given as `thread.data`. */
export type LoadApplication = (data: unknown) => Application | Promise<Application>;

/** Options of {@link serveThread}. */
export interface ServeThreadOptions {
  /** Called when the thread is to end, after its last request: closes databases and the like. It is waited for. */
  readonly onStop?: () => void | Promise<void>;
}

/**
 * What the script of a pool's thread calls: loads the application, tells the pool, and answers what it sends.
 * Resolves once the thread is in service. An error of `load` ends the thread, and is what the pool's `start`
 * rejects with.
 * @throws UsageError `NOT_A_THREAD` where no pool has started this thread.
 */
export async function serveThread(load: LoadApplication, options: ServeThreadOptions = {}): Promise<void> {
  const facts = readFacts();
  try {
    const app = await load(facts.data);
    checkApplication(app);
    new Service(app, facts, options).start();
  } catch (error) {
    post(facts.port, { kind: 'boot-failed', error: describeError(error) });
    exit(1);
  }
}

function readFacts(): ThreadFacts {
  const facts = (workerData as Record<string, ThreadFacts> | null)?.[WORKER_DATA_KEY];
  if (isMainThread || facts === undefined) {
    throw new UsageError(
      'NOT_A_THREAD',
      'no pool has started this thread; its script is given to threadPool()',
    );
  }
  return facts;
}

function checkApplication(app: unknown): void {
  const shape = interfaceOf(app) ?? 'wsgi';
  if (typeof app === 'function' && shape === 'wsgi') return;
  const kind = app === null ? 'null' : typeof app === 'function' ? `one of the shape ${shape}` : typeof app;
  const mend = 'a thread runs (environ, startResponse) => body; adapt other shapes where it is loaded';
  throw new ApplicationError('BAD_APPLICATION', `the application is ${kind}: ${mend}`);
}

class Service {
  readonly #app: Application;
  readonly #port: MessagePort;
  readonly #onStop: (() => void | Promise<void>) | undefined;
  readonly #exchanges = new Map<number, ThreadExchange>();
  readonly #owner: ExchangeOwner;
  #drainController: AbortController | undefined;

  constructor(app: Application, { port, windowBytes }: ThreadFacts, { onStop }: ServeThreadOptions) {
    this.#app = app;
    this.#port = port;
    this.#onStop = onStop;
    this.#owner = {
      windowBytes,
      post: (message, moved): void => post(port, message, moved),
      onOver: (id): void => void this.#exchanges.delete(id),
      draining: (id): AbortSignal => this.#draining(id),
    };
  }

  start(): void {
    this.#port.on('message', (message: ToThread) => this.#receive(message));
    // Part of the talk is lost: a request would wait for ever. The pool starts another thread instead.
    this.#port.on('messageerror', (error) => {
      throw error;
    });
    post(this.#port, { kind: 'ready' });
  }

  #receive(message: ToThread): void {
    switch (message.kind) {
      case 'request': {
        const exchange = new ThreadExchange(message, this.#owner);
        this.#exchanges.set(message.id, exchange);
        exchange.run(this.#app);
        return;
      }
      case 'ping':
        post(this.#port, { kind: 'pong' });
        return;
      case 'draining':
        this.#drainController?.abort();
        return;
      case 'stop':
        void this.#stop();
        return;
      default:
        // One that is over needs to be told nothing.
        tell(this.#exchanges.get(message.id), message);
    }
  }

  /** The signal of the server's drain, one for all; the server is asked for it by the first who wants it. */
  #draining(id: number): AbortSignal {
    if (this.#drainController === undefined) {
      this.#drainController = new AbortController();
      this.#owner.post({ kind: 'watch-draining', id });
    }
    return this.#drainController.signal;
  }

  /** The thread ends with this, whatever the application still has open; an error makes its end a crash in the log. */
  async #stop(): Promise<void> {
    await this.#onStop?.();
    exit(0);
  }
}

type ToExchange = Extract<ToThread, { readonly id: number }>;

function tell(exchange: ThreadExchange | undefined, message: Exclude<ToExchange, { kind: 'request' }>): void {
  switch (message.kind) {
    case 'input':
      return exchange?.receiveInput(message.pieces);
    case 'input-end':
      return exchange?.endInput(message.trailers);
    case 'input-failed':
      return exchange?.failInput(message.error);
    case 'grant':
      return exchange?.grant(message.bytes);
    case 'left':
      return exchange?.leave(message.error);
    case 'cancel':
      return exchange?.cancel();
  }
}

function post(port: MessagePort, message: FromThread, moved?: ArrayBuffer[]): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin.
  port.postMessage(message, moved);
}

/** Ends this thread, not the process (node:worker_threads). What was posted and printed before still arrives. */
function exit(code: number): void {
  // oxlint-disable-next-line unicorn/no-process-exit
  process.exit(code);
}
