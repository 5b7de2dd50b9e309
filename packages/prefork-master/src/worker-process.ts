import type { Clock } from './clock.ts';
import { type MasterError, stoppedError, WorkerError } from './errors.ts';
import type { Child, Limits } from './options.ts';
import { residentMemory } from './process-facts.ts';
import {
  isProtocolMessage,
  type MasterMessage,
  type Vitals,
  type WorkerFailure,
  type WorkerMessage,
} from './protocol.ts';
import { Questions, type Reply } from './questions.ts';
import { bootError, type WorkerExit } from './worker-exit.ts';
import { nextState, type WorkerEvent, type WorkerState } from './worker-state.ts';

/** What a worker process tells its slot. */
export interface WorkerObserver {
  /** Silent for `timeoutMs`; it is being killed. */
  timeout(worker: WorkerProcess): void;
  /** It asks to be replaced. */
  recycle(worker: WorkerProcess, reason: string): void;
}

/** From ABRT to KILL, as gunicorn has it: its master looks once a second. */
const ABORT_TIMEOUT_MS = 1000;
/** Beats come at least once a second, and four times in a timeout. */
const BEAT_MS = 1000;
/** How long to wait for the last messages of a process that has exited. */
const CHANNEL_CLOSE_MS = 1000;

/** How often a worker has to give a sign of life, for a timeout. */
export function beatInterval(timeoutMs: number): number {
  return timeoutMs === 0 ? BEAT_MS : Math.max(10, Math.min(BEAT_MS, timeoutMs / 4));
}

/** One worker process, from its start to its end. */
export class WorkerProcess {
  readonly id: number;
  readonly generation: number;
  readonly startedAt: number;
  /** Resolves when the worker is ready; rejects when it ends before that. */
  readonly booted: Promise<void>;
  readonly exited: Promise<WorkerExit>;
  /** Resolves when it has exited, or when a retired one has had the time that requests get. */
  readonly finished: Promise<void>;
  /** What the worker has last reported about itself. */
  report: object | undefined;
  /** What its last beat has told. */
  vitals: Vitals = {};

  readonly #child: Child;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #observer: WorkerObserver;
  readonly #boot = Promise.withResolvers<void>();
  readonly #exit = Promise.withResolvers<WorkerExit>();
  readonly #finish = Promise.withResolvers<void>();
  readonly #watched: boolean;
  readonly #questions: Questions;
  #state: WorkerState = 'booting';
  #readyAt: number | undefined;
  #failure: WorkerFailure | undefined;
  #bootTimedOut = false;
  #expected = false;
  #retired = false;
  /** Retired for longer than requests may take. */
  #hasFinished = false;
  /** While stopping: whether there is time to finish what is under way. */
  #gentle = false;
  /** The one deadline that the state has: boot, heartbeat, stop or abort. */
  #deadline: unknown;
  /** Beside the heartbeat of a retired one: the end of what it is allowed. */
  #retirement: unknown;
  /** From the process's exit to the end of its channel. */
  #lastWords: unknown;

  constructor(
    child: Child,
    identity: { readonly id: number; readonly generation: number; readonly handshake: boolean },
    limits: Limits,
    clock: Clock,
    observer: WorkerObserver,
  ) {
    this.id = identity.id;
    this.generation = identity.generation;
    this.startedAt = clock.now();
    this.#child = child;
    this.#limits = limits;
    this.#clock = clock;
    this.#observer = observer;
    this.#questions = new Questions(clock);
    this.#watched = identity.handshake && limits.timeoutMs > 0;
    this.booted = this.#boot.promise;
    this.exited = this.#exit.promise;
    this.finished = this.#finish.promise;
    this.booted.catch(() => undefined);
    this.#listen(identity.handshake);
    this.#within(limits.bootTimeoutMs, () => {
      this.#bootTimedOut = true;
      this.#kill();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** Whether another has taken its place. */
  get retired(): boolean {
    return this.#retired;
  }

  /** Time in service so far; undefined until it is ready. */
  get servedMs(): number | undefined {
    return this.#readyAt === undefined ? undefined : this.#clock.now() - this.#readyAt;
  }

  /** Its resident memory: what the system says, or else what its last beat has told. */
  get memoryBytes(): number | undefined {
    return residentMemory(this.pid) ?? this.vitals.memoryBytes;
  }

  /** `worker 2 (pid 4711)` */
  get label(): string {
    return `worker ${this.id} (pid ${this.pid ?? 'none'})`;
  }

  /**
   * Tells it that another has taken its place: it finishes its requests as for a graceful stop, and keeps what its
   * clients hold open for `retireTimeoutMs`. Its heartbeat is watched until then.
   */
  retire(): void {
    const { gracefulTimeoutMs, retireTimeoutMs } = this.#limits;
    if (this.#state === 'retired') return;
    this.#retired = true;
    if (this.#state !== 'ready' || retireTimeoutMs <= gracefulTimeoutMs) return this.stop(true);
    this.#expected = true;
    this.#move('retire');
    this.#retireWithin(gracefulTimeoutMs, () => {
      this.#hasFinished = true;
      this.#finish.resolve();
      this.#retireWithin(retireTimeoutMs - gracefulTimeoutMs, () => this.stop(false));
    });
    // Not both: the signal alone asks for an ordinary stop.
    if (this.#child.connected) this.#send({ prefork: 'stop', graceful: true, retired: true });
    else this.#child.kill('SIGTERM');
  }

  /** Ends a retirement before its time: requests still get theirs, and what is older than that is cut. */
  endRetirement(): void {
    this.stop(!this.#hasFinished);
  }

  /** Tells it to stop, and kills it when it takes longer than it may. A quick stop overtakes a graceful one. */
  stop(graceful: boolean): void {
    // A worker that is still booting serves nobody: there is nothing to wait for.
    const gentle = graceful && this.#state !== 'booting';
    const told = this.#state === 'stopping' && (gentle || !this.#gentle);
    this.#expected = true;
    this.#clock.clearTimeout(this.#retirement);
    this.#move('stop');
    if (told || this.#state !== 'stopping') return;
    this.#gentle = gentle;
    this.#within(gentle ? this.#limits.gracefulTimeoutMs : this.#limits.quickTimeoutMs, () => this.#kill());
    this.#send({ prefork: 'stop', graceful: gentle });
    this.#child.kill('SIGTERM');
  }

  /** Tells it to open its log files anew. */
  reopenLogs(): void {
    if (this.#child.connected) this.#send({ prefork: 'reopen-logs' });
    else if (this.#state === 'ready') this.#child.kill('SIGUSR1');
  }

  /** Asks a worker that serves; resolves in any case. */
  async ask(question: unknown, timeoutMs: number): Promise<Reply> {
    if (!this.#child.connected) return { problem: 'it cannot be asked' };
    return await this.#questions.ask((id) => this.#send({ prefork: 'ask', id, question }), timeoutMs);
  }

  #listen(handshake: boolean): void {
    this.#child.on('message', (message) => this.#hear(message));
    this.#child.on('error', (error) => this.#spawnFailed(error));
    if (!handshake) this.#child.on('spawn', () => this.#ready());
    // The process may be gone before its last words have arrived: those come before `close`.
    this.#child.on('exit', (code, signal) => {
      this.#lastWords = this.#clock.setTimeout(() => this.#end(code, signal), CHANNEL_CLOSE_MS);
    });
    this.#child.on('close', (code, signal) => this.#end(code, signal));
  }

  #hear(message: unknown): void {
    if (!isProtocolMessage(message)) return;
    const known = message as WorkerMessage;
    switch (known.prefork) {
      case 'ready':
        return this.#ready();
      case 'beat':
        this.vitals = known;
        return this.#watch();
      case 'report':
        this.report = known.stats;
        return;
      case 'recycle':
        return this.#observer.recycle(this, known.reason);
      case 'answer':
        return this.#questions.settle(known.id, known.reply);
      case 'fail':
        this.#failure = known.failure;
        return;
      default:
    }
  }

  #ready(): void {
    if (this.#state === 'gone') return;
    const booting = this.#state === 'booting';
    this.#move('ready');
    if (!booting) return;
    this.#readyAt = this.#clock.now();
    this.#clock.clearTimeout(this.#deadline);
    this.#watch();
    this.#boot.resolve();
  }

  /**
   * A sign of life: the deadline starts anew. When it has passed, one beat more is awaited: if it was the master that
   * slept (a stopped process, a suspended machine), the beats of its workers are waiting to be read.
   */
  #watch(): void {
    if (!this.#watched || (this.#state !== 'ready' && this.#state !== 'retired')) return;
    const lastChanceMs = 2 * beatInterval(this.#limits.timeoutMs);
    this.#within(this.#limits.timeoutMs - lastChanceMs, () => {
      this.#within(lastChanceMs, () => this.#abort());
    });
  }

  #abort(): void {
    this.#clock.clearTimeout(this.#retirement);
    this.#move('abort');
    this.#observer.timeout(this);
    this.#child.kill('SIGABRT');
    this.#within(ABORT_TIMEOUT_MS, () => this.#kill());
  }

  #kill(): void {
    this.#move('kill');
    this.#child.kill('SIGKILL');
  }

  /** The program could not be started: there is no process that could exit. */
  #spawnFailed(error: Error): void {
    if (this.pid !== undefined) return;
    this.#failure = { message: error.message, application: false };
    this.#end(null, null);
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#state === 'gone') return;
    this.#clock.clearTimeout(this.#deadline);
    this.#clock.clearTimeout(this.#lastWords);
    this.#clock.clearTimeout(this.#retirement);
    this.#questions.close();
    this.#move('exit');
    if (this.#readyAt === undefined) this.#boot.reject(this.#bootError(code, signal));
    this.#finish.resolve();
    this.#exit.resolve({ code, signal, servedMs: this.servedMs, expected: this.#expected });
  }

  #bootError(code: number | null, signal: NodeJS.Signals | null): MasterError {
    if (this.#expected) return stoppedError();
    if (this.#bootTimedOut) {
      const message = `${this.label} was not ready within ${this.#limits.bootTimeoutMs} ms`;
      return new WorkerError('worker-boot-timeout', message);
    }
    return bootError(this.label, { code, signal }, this.#failure);
  }

  #send(message: MasterMessage): void {
    // A channel that closes meanwhile is no news: the exit follows, or the deadline.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #move(event: WorkerEvent): void {
    this.#state = nextState(this.#state, event);
  }

  #within(delayMs: number, expired: () => void): void {
    this.#clock.clearTimeout(this.#deadline);
    this.#deadline = this.#clock.setTimeout(expired, delayMs);
  }

  #retireWithin(delayMs: number, expired: () => void): void {
    this.#retirement = this.#clock.setTimeout(expired, delayMs);
  }
}
