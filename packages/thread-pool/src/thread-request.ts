import type { Environ, HeaderList, Log, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { inputLength, inputOf, offersOf, packEnviron } from './environ-transfer.ts';
import { describeError, reviveError } from './error-transfer.ts';
import { ThreadError } from './errors.ts';
import { Inlet } from './inlet.ts';
import { InputPump } from './input-pump.ts';
import type { FromThread, RequestMessage, ToThread } from './protocol.ts';
import { refuse } from './refusal.ts';
import { ThreadBody } from './thread-body.ts';

/** What a request has of the thread that it is in. */
export interface RequestOwner {
  readonly windowBytes: number;
  readonly log: Log;
  post(message: ToThread, moved?: ArrayBuffer[]): void;
  /** Has the thread told when this is aborted: the server's drain. */
  watchDraining(signal: AbortSignal | undefined): void;
  /** The thread is done with it. */
  onOver(id: number): void;
}

type Answer = Exclude<Extract<FromThread, { readonly id: number }>, { kind: 'log' }>;

/** One request on its way through a thread, as the pool sees it. */
export class ThreadRequest {
  readonly environ: Environ;
  readonly startResponse: StartResponse;
  /** Resolves with the body when the response has begun. */
  readonly answered: Promise<ResponseBody>;
  #resolve: (body: ResponseBody) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #id = 0;
  #owner: RequestOwner | undefined;
  #pump: InputPump | undefined;
  #inlet: Inlet | undefined;
  #signal: AbortSignal | undefined;
  /** Whether the answer has begun, or never will. */
  #settled = false;
  #over = false;
  #responseTrailers: HeaderList = [];
  /** Whether nobody waits for it any more but this pool, for the application's own end; and since which sweep. */
  #left = false;
  #leftAt: number | undefined;

  constructor(environ: Environ, startResponse: StartResponse) {
    this.environ = environ;
    this.startResponse = startResponse;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** What of its bodies is kept on this side, in bytes of a window. */
  get bufferedBytes(): number {
    return (this.#inlet?.bufferedBytes ?? 0) + (this.#pump?.queuedBytes ?? 0);
  }

  /** Says what a thread is to be told of it; it is that thread's from now on. */
  enter(id: number, owner: RequestOwner): RequestMessage {
    this.#id = id;
    this.#owner = owner;
    const { environ } = this;
    return {
      kind: 'request',
      id,
      environ: packEnviron(environ),
      input: inputOf(environ),
      offers: offersOf(environ),
    };
  }

  /** Sends its body behind it. */
  startInput(input: RequestMessage['input']): void {
    if (input === 'none') return;
    const id = this.#id;
    this.#pump = new InputPump(this.environ['wsgi.input'], inputLength(this.environ), {
      windowBytes: this.#owner?.windowBytes ?? 0,
      onPieces: (pieces, moved) => this.#owner?.post({ kind: 'input', id, pieces }, moved),
      onEnd: () => this.#owner?.post({ kind: 'input-end', id, trailers: this.#requestTrailers() }),
      onFailed: (error) => this.#owner?.post({ kind: 'input-failed', id, error: describeError(error) }),
    });
    if (input === 'sent') this.#pump.start();
  }

  /** Takes a message of its thread. */
  receive(message: Answer): void {
    switch (message.kind) {
      case 'response':
        this.#begin(message, () => message.pieces as ResponseBody);
        this.#end(message.closing);
        return;
      case 'head':
        this.#begin(message, () => this.#streamBody());
        this.#inlet?.push(message.pieces);
        return;
      case 'body':
        this.#inlet?.push(message.pieces);
        return;
      case 'end':
        this.#responseTrailers = message.trailers;
        this.#inlet?.end();
        this.#end(message.closing);
        return;
      case 'failed':
        this.#fail(reviveError(message.error));
        this.#end(message.closing);
        return;
      case 'closed':
        this.#closed(message.error === undefined ? undefined : reviveError(message.error));
        return;
      default:
        this.#serve(message);
    }
  }

  /** The thread died with it. */
  lose(error: ThreadError): void {
    this.#fail(error);
    this.#finish();
  }

  /** The thread was stopped because it answered nobody: 504, or the end of the connection once the head was sent. */
  timeOut(error: ThreadError): void {
    if (!this.#settled) this.refuse(504);
    this.lose(error);
  }

  /** Answers it without the application. */
  refuse(status: 503 | 504, retryAfterSeconds?: number): void {
    this.#settle(() => this.#resolve(refuse(this.startResponse, status, retryAfterSeconds)));
  }

  /**
   * Called now and then while it runs: it is asked whether the client is still there, which costs too much for the
   * many requests that are over sooner. One that nobody waits for any more may still take its time, but not for ever.
   * @returns whether it has taken too long.
   */
  sweep(now: number, patienceMs: number): boolean {
    this.#watch();
    if (!this.#left && this.#signal?.aborted !== true) return false;
    this.#leftAt ??= now;
    return now - this.#leftAt > patienceMs;
  }

  /** Waits for its end no longer: the thread may forget it. */
  giveUp(): void {
    this.#owner?.post({ kind: 'cancel', id: this.#id });
    this.#fail(
      new ThreadError('GIVEN_UP', 'the client had left, and the application did not come to an end'),
    );
    this.#finish();
  }

  /** What the thread wants besides answering. */
  #serve(
    message: Exclude<Answer, { kind: 'response' | 'head' | 'body' | 'end' | 'failed' | 'closed' }>,
  ): void {
    switch (message.kind) {
      case 'want':
        this.#pump?.start();
        return;
      case 'grant':
        this.#pump?.grant(message.bytes);
        return;
      case 'watch':
        this.#watch();
        return;
      case 'watch-draining':
        this.#owner?.watchDraining(this.environ['highball.draining']?.());
        return;
      case 'early-hints':
        this.#sendEarlyHints(message.headers);
    }
  }

  #begin(
    head: { status: string; headers: HeaderList; trailers: HeaderList },
    makeBody: () => ResponseBody,
  ): void {
    this.#settle(() => {
      this.startResponse(head.status, head.headers);
      if (head.trailers.length > 0) this.environ['highball.send_trailers']?.(head.trailers);
      this.#resolve(makeBody());
    });
  }

  #streamBody(): ResponseBody {
    const owner = this.#owner as RequestOwner;
    const id = this.#id;
    this.#inlet = new Inlet(owner.windowBytes, (bytes) => {
      if (!this.#over) owner.post({ kind: 'grant', id, bytes });
    });
    return new ThreadBody(this.#inlet, () => this.#sendTrailers(), () => this.#cancel()) as ResponseBody; // prettier-ignore
  }

  #settle(answer: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    try {
      answer();
    } catch (error) {
      // The server refuses the head: that is its application's fault, and nothing else of it is wanted.
      this.#reject(error);
      this.#cancel();
    }
  }

  #fail(error: Error): void {
    if (this.#settled) this.#inlet?.fail(error);
    this.#settled = true;
    this.#reject(error);
  }

  /** The thread has said all; with `closing` it still has to call `close` of the body. */
  #end(closing: boolean): void {
    if (closing) this.#left = true;
    else this.#finish();
  }

  #closed(err: Error | undefined): void {
    if (err !== undefined) this.#owner?.log.error('close() of a response body failed', { err });
    // Without an answer it had none to wait for: its client was gone.
    this.#fail(new ThreadError('GIVEN_UP', 'the response was cancelled'));
    this.#finish();
  }

  /** The server wants no more of the response. */
  #cancel(): void {
    this.#inlet?.discard();
    if (this.#over) return;
    this.#left = true;
    this.#owner?.post({ kind: 'cancel', id: this.#id });
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pump?.stop();
    this.#signal?.removeEventListener('abort', this.#onLeft);
    this.#owner?.onOver(this.#id);
  }

  /** Has the thread told when the client leaves. */
  #watch(): void {
    if (this.#signal !== undefined || this.#over) return;
    this.#signal = this.environ['highball.signal']?.();
    if (this.#signal?.aborted === true) this.#onLeft();
    else this.#signal?.addEventListener('abort', this.#onLeft);
  }

  readonly #onLeft = (): void => {
    this.#owner?.post({ kind: 'left', id: this.#id, error: describeError(this.#signal?.reason) });
  };

  #requestTrailers(): HeaderList {
    return this.environ['highball.trailers']?.() ?? [];
  }

  #sendTrailers(): void {
    if (this.#responseTrailers.length === 0) return;
    this.environ['highball.send_trailers']?.(this.#responseTrailers);
  }

  /** Early hints are no part of the response: it goes on without them. */
  #sendEarlyHints(headers: HeaderList): void {
    try {
      this.environ['wsgi.early_hints']?.(headers);
    } catch (err) {
      this.#owner?.log.error('early hints were refused', { err });
    }
  }
}
