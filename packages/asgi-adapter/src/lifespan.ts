import type {
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSendEvent,
  AsgiState,
  LifespanReceivedEvent,
  LifespanScope,
} from '@highball/gateway-protocol';
import { type Clock, systemClock } from './clock.ts';
import { AsgiOptionError, AsgiProtocolError, LifespanError, type LifespanErrorCode } from './errors.ts';
import { DONE, quietDeferred, quietly } from './promises.ts';

/** Options of the life of an application. */
export interface LifespanOptions {
  /**
   * `auto` lets an application run without lifespan that does not speak it; `on` requires it; `off` does not ask.
   * @default 'auto' (uvicorn's lifespan)
   */
  lifespan?: 'auto' | 'on' | 'off';
  /** So long it may take to start; `Infinity` for ever. @default 30_000 (gunicorn's timeout) */
  startupTimeoutMs?: number;
  /** So long it may take to stop; `Infinity` for ever. @default 30_000 (gunicorn's graceful_timeout) */
  shutdownTimeoutMs?: number;
  /** Time, for tests. @default the system's */
  clock?: Clock;
}

const TIMEOUT_MS = 30_000;

type Phase = 'startup' | 'shutdown';

/** The life of an application in one event loop (ASGI Lifespan spec). */
export class Lifespan {
  readonly #app: AsgiApplication;
  readonly #mode: 'auto' | 'on' | 'off';
  readonly #timeoutsMs: Readonly<Record<Phase, number>>;
  readonly #clock: Clock;
  readonly #state: AsgiState = {};
  readonly #started = quietDeferred<unknown>();
  readonly #stopped = quietDeferred<void>();
  #starting: Promise<unknown> | undefined;
  #stopping: Promise<void> | undefined;
  #phase: 'before' | 'starting' | 'up' | 'stopping' | 'over' = 'before';
  readonly #events: LifespanReceivedEvent[] = [];
  readonly #waiting: ((event: LifespanReceivedEvent) => void)[] = [];

  /** @throws AsgiOptionError */
  constructor(app: AsgiApplication, options: LifespanOptions) {
    const { lifespan = 'auto', startupTimeoutMs = TIMEOUT_MS, shutdownTimeoutMs = TIMEOUT_MS } = options;
    for (const [name, value] of Object.entries({ startupTimeoutMs, shutdownTimeoutMs })) {
      if (!(value > 0)) throw new AsgiOptionError(`${name} must be a number above 0, not ${value}`);
    }
    if (!['auto', 'on', 'off'].includes(lifespan)) {
      throw new AsgiOptionError(`lifespan is auto, on or off, not ${String(lifespan)}`);
    }
    this.#app = app;
    this.#mode = lifespan;
    this.#timeoutsMs = { startup: startupTimeoutMs, shutdown: shutdownTimeoutMs };
    this.#clock = options.clock ?? systemClock;
  }

  /** What startup filled; undefined when the application does not speak lifespan, or was not started. */
  get state(): AsgiState | undefined {
    return this.#phase === 'up' || this.#phase === 'stopping' ? this.#state : undefined;
  }

  /** Starts it, once: further calls get the same outcome. */
  startup(): Promise<unknown> {
    this.#starting ??= this.#mode === 'off' ? DONE : this.#startup();
    return this.#starting;
  }

  /** Stops it, once; nothing happens to an application that is not up. */
  async shutdown(): Promise<void> {
    await this.#starting?.catch(() => undefined);
    if (this.#phase === 'up') {
      this.#phase = 'stopping';
      this.#give({ type: 'lifespan.shutdown' });
      this.#stopping = this.#within('shutdown', this.#stopped.promise);
    }
    await this.#stopping;
  }

  #startup(): Promise<unknown> {
    this.#phase = 'starting';
    this.#give({ type: 'lifespan.startup' });
    const scope: LifespanScope = {
      type: 'lifespan',
      asgi: { version: '3.0', spec_version: '2.0' },
      state: this.#state,
    };
    void this.#run(scope);
    return this.#within('startup', this.#started.promise);
  }

  async #run(scope: LifespanScope): Promise<void> {
    try {
      await this.#app(scope, this.#receive, this.#send);
      this.#onOver(undefined);
    } catch (error) {
      this.#onOver(error ?? new Error('the application threw nothing'));
    }
  }

  /** The application returned, or threw: what that means depends on how far it had come. */
  #onOver(error: unknown): void {
    const phase = this.#phase;
    if (phase === 'over') return;
    // Who is up and throws, or returns, still serves requests: shutdown tells of it.
    if (phase !== 'up') this.#phase = 'over';
    if (phase === 'starting') this.#unsupported(error);
    else if (error === undefined) this.#stopped.resolve();
    else this.#stopped.reject(failed('SHUTDOWN_FAILED', 'the application threw', error));
  }

  #unsupported(cause: unknown): void {
    if (this.#mode === 'auto') {
      this.#started.resolve(cause);
      return;
    }
    const message = 'the application does not speak lifespan';
    this.#started.reject(new LifespanError('LIFESPAN_UNSUPPORTED', message, { cause }));
  }

  readonly #receive = (): Promise<AsgiReceiveEvent> => {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => this.#waiting.push(resolve));
  };

  readonly #send = (event: AsgiSendEvent): Promise<void> => {
    const { type } = event;
    const message = 'message' in event ? (event.message ?? '') : '';
    if (this.#phase === 'starting' && type === 'lifespan.startup.complete') this.#up();
    else if (this.#phase === 'starting' && type === 'lifespan.startup.failed') this.#fail('startup', message);
    else if (this.#phase === 'stopping' && type === 'lifespan.shutdown.complete') this.#down();
    else if (this.#phase === 'stopping' && type === 'lifespan.shutdown.failed')
      this.#fail('shutdown', message);
    else
      return quietly(
        new AsgiProtocolError('UNEXPECTED_EVENT', `${type} has no place in a life at this point`),
      );
    return DONE;
  };

  #up(): void {
    this.#phase = 'up';
    this.#started.resolve(undefined);
  }

  #down(): void {
    this.#phase = 'over';
    this.#stopped.resolve();
  }

  #fail(phase: Phase, message: string): void {
    this.#phase = 'over';
    const [deferred, code] =
      phase === 'startup'
        ? ([this.#started, 'STARTUP_FAILED'] as const)
        : ([this.#stopped, 'SHUTDOWN_FAILED'] as const);
    deferred.reject(failed(code, message));
  }

  #give(event: LifespanReceivedEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#events.push(event);
    else waiting(event);
  }

  /** @throws LifespanError when the time is up. */
  async #within<Value>(phase: Phase, outcome: Promise<Value>): Promise<Value> {
    const ms = this.#timeoutsMs[phase];
    if (ms === Number.POSITIVE_INFINITY) return outcome;
    const late = quietDeferred<never>();
    const code = phase === 'startup' ? 'STARTUP_TIMEOUT' : 'SHUTDOWN_TIMEOUT';
    const cancel = this.#clock.after(ms, () => {
      this.#phase = 'over';
      late.reject(failed(code, `the application has not answered lifespan.${phase} within ${ms} ms`));
    });
    try {
      return await Promise.race([outcome, late.promise]);
    } finally {
      cancel();
    }
  }
}

function failed(code: LifespanErrorCode, message: string, cause?: unknown): LifespanError {
  const text = message === '' ? 'the application gave no reason' : message;
  return new LifespanError(code, text, cause === undefined ? undefined : { cause });
}
