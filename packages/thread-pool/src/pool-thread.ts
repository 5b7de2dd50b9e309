import type { ErrorStream, Log } from '@highball/gateway-protocol';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { dropUncloneable } from './environ-transfer.ts';
import { reviveError } from './error-transfer.ts';
import { ThreadError, type ThreadErrorCode } from './errors.ts';
import { Heartbeat } from './heartbeat.ts';
import type { ResolvedOptions } from './options.ts';
import {
  type FromThread,
  type RequestMessage,
  type ThreadFacts,
  type ToThread,
  WORKER_DATA_KEY,
} from './protocol.ts';
import type { RequestOwner, ThreadRequest } from './thread-request.ts';

/** What a thread tells its owner. */
export interface PoolThreadOwner {
  /** It is in service. */
  onReady(thread: PoolThread): void;
  /** It has room for a request more. */
  onRoom(): void;
  /** It is no more in service, and never will be. Told once; `error` says why, if it was not told to stop. */
  onGone(thread: PoolThread, error: ThreadError | undefined): void;
}

/** One thread from its start to its end, with the requests that are in it. */
export class PoolThread implements RequestOwner {
  readonly id: number;
  readonly windowBytes: number;
  readonly log: Log;
  /** Resolves when nothing of it is left. */
  readonly exited: Promise<void>;
  readonly #options: ResolvedOptions;
  readonly #owner: PoolThreadOwner;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #heartbeat: Heartbeat;
  readonly #requests = new Map<number, ThreadRequest>();
  readonly #bootTimer: unknown;
  #state: 'booting' | 'ready' | 'stopping' | 'gone' = 'booting';
  /** What the application threw when it was loaded, or outside any request. */
  #cause: unknown;
  #served = 0;
  #draining: AbortSignal | undefined;
  /** The log of its server: that of its last request. */
  #errors: ErrorStream | undefined;

  constructor(id: number, options: ResolvedOptions, owner: PoolThreadOwner) {
    const { program, clock, bootTimeoutMs, windowBytes } = options;
    const { port1, port2 } = new MessageChannel();
    const facts: ThreadFacts = { port: port2, data: program.data, windowBytes };
    this.id = id;
    this.windowBytes = windowBytes;
    this.log = options.log;
    this.#options = options;
    this.#owner = owner;
    this.#port = port1;
    this.#heartbeat = new Heartbeat(options.timeoutMs, () => this.post({ kind: 'ping' }));
    this.#worker = new Worker(program.script, {
      ...options.worker,
      name: `highball thread ${id}`,
      workerData: { [WORKER_DATA_KEY]: facts },
      transferList: [port2],
    });
    port1.on('message', (message: FromThread) => this.#receive(message));
    port1.on('messageerror', (error) => {
      this.#cause = error;
      this.kill(this.#error('THREAD_DIED', 'sent what cannot be read'));
    });
    this.#worker.once('error', (error) => (this.#cause ??= error));
    this.exited = this.#untilExited();
    if (bootTimeoutMs !== Number.POSITIVE_INFINITY) {
      this.#bootTimer = clock.setTimeout(() => {
        this.kill(this.#error('BOOT_TIMEOUT', `did not come up within ${bootTimeoutMs} ms`));
      }, bootTimeoutMs);
    }
  }

  get state(): 'booting' | 'ready' | 'stopping' | 'gone' {
    return this.#state;
  }

  /** Requests under way. */
  get active(): number {
    return this.#requests.size;
  }

  /** Requests that it has been given. */
  get served(): number {
    return this.#served;
  }

  /** What is kept for it on this side, in bytes of a window. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const request of this.#requests.values()) bytes += request.bufferedBytes;
    return bytes;
  }

  get hasRoom(): boolean {
    return this.#state === 'ready' && this.#requests.size < this.#options.concurrency;
  }

  /** Gives it a request. */
  run(request: ThreadRequest): void {
    if (this.#requests.size === 0) this.#heartbeat.reset(this.#options.clock.now());
    const id = ++this.#served;
    this.#requests.set(id, request);
    this.#errors = request.environ['wsgi.errors'];
    const message = request.enter(id, this);
    this.#postRequest(message);
    request.startInput(message.input);
  }

  /** Lets it finish: no more requests are given to it. */
  stop(): void {
    if (this.#state === 'booting') this.kill();
    if (this.#state !== 'ready') return;
    this.#state = 'stopping';
    this.post({ kind: 'stop' });
  }

  /** Ends it at once. @param error - why, if its owner did not want it. */
  kill(error?: ThreadError): void {
    this.#leave(error);
    // A thread in a native call ends behind that; nobody waits for it here.
    void this.#worker.terminate();
  }

  /** Called at intervals. @param late - whether this loop was blocked itself, and cannot judge of others. */
  sweep(now: number, late: boolean): void {
    if (this.#state !== 'ready' || this.#requests.size === 0) return;
    const { timeoutMs } = this.#options;
    if (late) this.#heartbeat.reset(now);
    if (this.#heartbeat.isSilent(now)) {
      this.kill(this.#error('THREAD_BLOCKED', `was blocked for more than ${timeoutMs} ms`));
      return;
    }
    for (const request of this.#requests.values()) {
      if (request.sweep(now, timeoutMs)) request.giveUp();
    }
  }

  post(message: ToThread, moved?: ArrayBuffer[]): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has no origin.
    if (this.#state !== 'gone') this.#port.postMessage(message, moved);
  }

  watchDraining(signal: AbortSignal | undefined): void {
    this.#draining = signal;
    if (signal?.aborted === true) this.#tellDraining();
    else signal?.addEventListener('abort', this.#tellDraining);
  }

  onOver(id: number): void {
    if (this.#requests.delete(id) && this.hasRoom) this.#owner.onRoom();
  }

  readonly #tellDraining = (): void => this.post({ kind: 'draining' });

  #postRequest(message: RequestMessage): void {
    try {
      this.post(message);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.post({ ...message, environ: dropUncloneable(message.environ, this.log) });
    }
  }

  #receive(message: FromThread): void {
    this.#heartbeat.hear();
    switch (message.kind) {
      case 'ready':
        this.#options.clock.clearTimeout(this.#bootTimer);
        this.#state = 'ready';
        this.#owner.onReady(this);
        return;
      case 'boot-failed':
        this.#cause = reviveError(message.error);
        return;
      case 'pong':
        return;
      case 'log':
        // It may come behind the end of its request.
        this.#errors?.write(message.text);
        return;
      default:
        this.#requests.get(message.id)?.receive(message);
    }
  }

  async #untilExited(): Promise<void> {
    const closed = new Promise((resolve) => this.#port.once('close', resolve));
    const code = await new Promise<number>((resolve) => this.#worker.once('exit', resolve));
    this.#onExit(code);
    await closed;
  }

  #onExit(code: number): void {
    // Its last words may have come to the port and not yet to us.
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port)) {
      this.#receive(last.message as FromThread);
    }
    if (this.#state === 'gone') return;
    const because = this.#cause instanceof Error ? `: ${this.#cause.message}` : ` with exit code ${code}`;
    if (this.#state === 'booting') this.#leave(this.#error('BOOT_FAILED', `did not come up${because}`));
    else if (this.#state === 'stopping' && code === 0) this.#leave(undefined);
    else this.#leave(this.#error('THREAD_DIED', `died${because}`));
  }

  #leave(error: ThreadError | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    this.#options.clock.clearTimeout(this.#bootTimer);
    this.#draining?.removeEventListener('abort', this.#tellDraining);
    this.#port.close();
    const requests = [...this.#requests.values()];
    const fate = error ?? this.#error('POOL_CLOSED', 'was closed');
    for (const request of requests) {
      if (fate.code === 'THREAD_BLOCKED') request.timeOut(fate);
      else request.lose(fate);
    }
    this.#owner.onGone(this, error);
  }

  #error(code: ThreadErrorCode, what: string): ThreadError {
    const options = this.#cause === undefined ? undefined : { cause: this.#cause };
    return new ThreadError(code, `thread ${this.id} ${what}`, options);
  }
}
