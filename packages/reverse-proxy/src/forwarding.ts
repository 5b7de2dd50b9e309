import type { Environ, HeaderField } from '@highball/gateway-protocol';
import { sendInstead } from './accel-redirect.ts';
import { answerFields } from './answer-fields.ts';
import type { Answer } from './answer.ts';
import type { OwnStatus } from './answers.ts';
import { Attempt, type AttemptContext, type AttemptOwner } from './attempt.ts';
import { StreamingBody } from './body-source.ts';
import { clientGone, UpstreamError } from './errors.ts';
import type { AnswerHead, Exchange } from './exchange.ts';
import type { Mirror } from './mirror.ts';
import type { Observation, Outcome, ResolvedOptions } from './options.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { proxyHeader } from './proxy-header.ts';
import { noteUpstream, seconds, toldFields } from './report.ts';
import { type BufferedBody, bufferBody } from './request-buffer.ts';
import { type RequestComposer, withHost } from './compose-request.ts';
import { ReplayedBody } from './replayed-body.ts';
import type { ResponseBodyStream } from './response-body.ts';
import { responseFields, type SortedFields } from './response-fields.ts';
import { decideRetry, isRepeatable, type RetryBudget } from './retry.ts';
import type { Swept, Sweeper } from './sweeper.ts';
import { isAgreed, openTunnel, tunnelHead } from './tunnel.ts';
import { speaksHttp, type UpstreamTarget } from './upstream.ts';

/** What all requests of a proxy share. */
export interface ProxyContext extends AttemptContext {
  readonly options: ResolvedOptions;
  readonly budget: RetryBudget;
  readonly composer: RequestComposer;
  readonly sweeper: Sweeper;
  readonly mirror: Mirror | undefined;
  target(id: string): UpstreamTarget;
}

/** A request on its way through the proxy: its attempts, and the answer of the one that succeeds. */
export class Forwarding implements AttemptOwner, Swept {
  sweepIndex = -1;
  request: OutgoingRequest;
  /** Attempts so far. */
  attempts = 0;
  readonly environ: Environ;
  readonly startedAt: number;
  readonly #context: ProxyContext;
  readonly #answer: Answer;
  /** Peers that have failed at it; most requests need no set. */
  #tried: Set<string> | undefined;
  /** Those under way: one, and with hedging two. */
  readonly #running: Attempt[] = [];
  /** The one whose answer is passed on. */
  #winner: Attempt | undefined;
  #listening = false;
  #buffered: BufferedBody | undefined;
  #replayed: ReplayedBody | undefined;
  #failure: UpstreamError | undefined;
  #bodySent = false;
  #hedged = false;
  /** The answer is complete, or will not be. */
  #ended = false;

  /** @param answer - what the application has returned. */
  constructor(context: ProxyContext, answer: Answer) {
    const { environ } = answer;
    this.#context = context;
    this.environ = environ;
    this.#answer = answer;
    this.startedAt = context.options.now();
    context.budget.countRequest(this.startedAt);
    this.request = context.composer.compose(environ);
  }

  /** Begins; throws nothing. */
  start(): void {
    this.#context.sweeper.add(this);
    if (this.#context.options.bufferAlways && this.request.body !== undefined)
      void this.#buffer(() => this.#try(false));
    else this.#try(false);
  }

  sweep(now: number): void {
    const { totalTimeoutMs, hedgeDelayMs } = this.#context.options;
    // Most are over before; a signal for each of them would cost more than forwarding it.
    if (!this.#listening && now - this.startedAt >= LISTEN_AFTER_MS) this.#listen();
    if (totalTimeoutMs > 0 && now - this.startedAt >= totalTimeoutMs) {
      this.#giveUp(new UpstreamError('TOTAL_TIMEOUT', `the request took more than ${totalTimeoutMs} ms`));
      return;
    }
    for (const attempt of this.#running.slice()) attempt.sweep(now);
    if (hedgeDelayMs !== undefined && now - this.startedAt >= hedgeDelayMs) this.#hedge();
  }

  // What an attempt tells.

  onInformational(attempt: Attempt, head: AnswerHead): void {
    if (head.status !== 103 || (this.#winner ?? attempt) !== attempt) return;
    const { fields } = responseFields(head, { viaName: '', takeLoad: undefined });
    this.#answer.hint(fields);
  }

  onHead(attempt: Attempt, head: AnswerHead, body: ResponseBodyStream): void {
    this.#winner = attempt;
    this.#replayed?.forget();
    if (this.#running.length > 1) {
      for (const other of this.#running.slice()) if (other !== attempt) other.abort(clientGone());
    }
    try {
      const sorted = (attempt.connection as Exchange).sorter.sort(head, this.#context.options);
      attempt.load = sorted.load;
      if (body.complete) this.#end(attempt);
      this.#passOn(attempt, head, sorted, body);
    } catch (error) {
      const failure = asUpstreamError(error);
      // One whose answer was complete cannot be aborted any more.
      if (body.complete) this.#end(attempt);
      else attempt.abort(failure);
      if (this.#answer.settled) return;
      this.#log(attempt, failure);
      this.#answerError(502);
    }
  }

  onEnd(attempt: Attempt, trailers: readonly string[]): void {
    this.#answer.keepTrailers(trailers);
    // The head of an answer that came as a whole is told behind this.
    if (this.#winner === attempt) this.#end(attempt);
  }

  #end(attempt: Attempt): void {
    this.#leave(attempt, 'ok');
    this.#finish(attempt);
  }

  onLost(attempt: Attempt, error: UpstreamError): void {
    const isWinner = this.#winner === attempt;
    const hasHead = isWinner && this.#answer.settled;
    if (hasHead || error.code === 'ABORTED' || error.code === 'BAD_REQUEST') {
      this.#leave(attempt, error.code === 'ABORTED' || error.code === 'BAD_REQUEST' ? 'aborted' : 'failed');
      if (error.code !== 'ABORTED') this.#log(attempt, error);
      if (hasHead) this.#finish(attempt);
      else if (error.code === 'BAD_REQUEST') this.#answerError(502);
      else if (this.#running.length === 0 && this.#winner === undefined) this.#clientLeft();
      return;
    }
    if (isWinner) this.#winner = undefined;
    this.#retry(attempt, error);
  }

  onBodySent(): void {
    if (this.#bodySent) return;
    this.#bodySent = true;
    this.#context.mirror?.send(this.request);
  }

  /** @param fresh - not over a connection that was used before. */
  #try(fresh: boolean): void {
    const { picker, key, prefer } = this.#context.options;
    let picked: PickedPeer | Promise<PickedPeer>;
    try {
      const { environ } = this;
      const exclude = this.#tried ?? NONE;
      picked = picker.pick({ key: key(environ), exclude, environ, prefer: prefer?.(environ) });
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (picked instanceof Promise) void this.#wait(picked, fresh);
    else this.#use(picked, fresh);
  }

  /** For one of the peers that are all busy; the deadlines and the client's leaving are watched meanwhile. */
  async #wait(picked: Promise<PickedPeer>, fresh: boolean): Promise<void> {
    let peer: PickedPeer;
    try {
      peer = await picked;
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (!this.#answer.settled) this.#use(peer, fresh);
    else if (peer !== undefined) this.#context.options.picker.release(peer, 'aborted');
  }

  /** Nobody was picked, for a reason that may say itself how it is to be answered. */
  #refuse(error: unknown): void {
    const { status, code } = error as { status?: unknown; code?: unknown };
    if (status !== NOBODY_FREE && status !== CLIENT_LEFT) {
      this.#fail(error);
      return;
    }
    if (this.attempts > 0) this.#context.budget.giveBack();
    if (this.#answer.settled) return;
    if (status === CLIENT_LEFT) {
      this.#clientLeft();
      return;
    }
    const { method, target } = this.request;
    this.#context.options.log.warn({ code, method, target }, (error as Error).message);
    this.#answerError(this.#failure?.status ?? NOBODY_FREE);
  }

  #use(peer: PickedPeer, fresh: boolean): void {
    const { picker, proxyProtocol } = this.#context.options;
    if (peer === undefined) {
      if (this.attempts > 0) this.#context.budget.giveBack();
      if (this.#running.length > 0) return;
      this.#answerError(this.#failure?.status ?? NOBODY_FREE);
      return;
    }
    const chosen = peer;
    let target: UpstreamTarget;
    try {
      target = this.#context.target(chosen.id);
    } catch (error) {
      picker.release(chosen, 'failed');
      this.#fail(error);
      return;
    }
    const preface = proxyProtocol && proxyHeader(this.environ, proxyProtocol);
    const { body, contentLength } = this.request;
    if (!speaksHttp(target) && body !== undefined && contentLength === undefined) {
      // The length has to be said first.
      void this.#buffer(
        () => this.#begin(chosen, target, fresh, preface),
        () => picker.release(chosen, 'aborted'),
      );
      return;
    }
    this.#begin(chosen, target, fresh, preface);
  }

  #begin(peer: { readonly id: string }, target: UpstreamTarget, fresh: boolean, preface?: Uint8Array): void {
    this.attempts++;
    if (this.#context.options.host === 'upstream') this.request = withHost(this.request, target);
    const now = this.attempts === 1 ? this.startedAt : this.#context.options.now();
    const attempt = new Attempt(this, this.#context, { peer, target }, now);
    this.#running.push(attempt);
    const repeatable = isRepeatable(this.request);
    if (target.protocol === 'h2') this.#keepBeginning();
    attempt.start(fresh, repeatable, preface);
  }

  /** An upstream of HTTP/2 may refuse a request when some of its body is on its way. */
  #keepBeginning(): void {
    const { body } = this.request;
    if (!(body instanceof StreamingBody)) return;
    this.#replayed = new ReplayedBody(body);
    this.request = { ...this.request, body: this.#replayed };
  }

  #retry(attempt: Attempt, error: UpstreamError): void {
    const decision = decideRetry(error, this.request);
    const again = decision === 'fresh-connection';
    this.#leave(attempt, again ? 'ok' : 'failed');
    this.#log(attempt, error);
    this.#failure = error;
    // A hedged request may still be answered by the other one.
    if (this.#running.length > 0 || this.#answer.settled) return;
    if (!again) (this.#tried ??= new Set()).add(attempt.peer.id);
    if (decision === 'give-up' || !this.#context.budget.take()) {
      this.#answerError(error.status);
    } else this.#try(again);
  }

  /** A second try while the first is silent (The Tail at Scale, Dean and Barroso, 2013). */
  #hedge(): void {
    const { method, body } = this.request;
    if (this.attempts !== 1 || this.#running.length !== 1 || this.#winner !== undefined) return;
    if ((method !== 'GET' && method !== 'HEAD') || body !== undefined || this.request.upgrade !== undefined)
      return;
    if (this.#hedged || !this.#context.budget.take()) return;
    this.#hedged = true;
    (this.#tried ??= new Set()).add((this.#running[0] as Attempt).peer.id);
    this.#try(false);
  }

  #passOn(attempt: Attempt, head: AnswerHead, sorted: SortedFields, body: ResponseBodyStream): void {
    const { options } = this.#context;
    const { environ } = this;
    const answer = this.#answer;
    if (head.status === 101 || (this.request.method === 'CONNECT' && head.status < 300)) {
      this.#tunnel(attempt, head, sorted.fields);
      return;
    }
    const passed = answerFields(sorted, environ, attempt, options);
    const fields = passed.concat(toldFields(this, attempt, options, passed));
    noteUpstream(environ, this.attempts, attempt, String(head.status));
    if (this.#ended) this.#noteTime(attempt);
    const { redirect } = sorted;
    const { accelRedirect: app } = options;
    if (redirect !== undefined && app !== undefined) {
      body.close();
      this.#finish();
      answer.instead((startResponse) => sendInstead(app, redirect, fields, environ, startResponse));
      return;
    }
    answer.begin(sorted.status, fields);
    if (this.#ended) answer.passWhole(body);
    else answer.passOn(body, sorted.eventStream || !sorted.buffering);
  }

  /** Hands both connections to each other (RFC 9110 §7.8, §9.3.6). */
  #tunnel(attempt: Attempt, head: AnswerHead, fields: readonly HeaderField[]): void {
    const upgrade = this.environ['highball.upgrade'];
    const connection = attempt.connection;
    const socket = connection?.socket;
    const wanted = this.request.method === 'CONNECT' || isAgreed(head.upgrade, this.request.upgrade);
    if (upgrade === undefined || connection === undefined || socket === undefined || !wanted) {
      throw new UpstreamError(
        'BAD_RESPONSE',
        'the upstream switches to a protocol that nobody has asked for',
      );
    }
    const { tunnelTimeoutMs } = this.#context.options;
    openTunnel(
      upgrade(),
      { socket, rest: connection.release() },
      tunnelHead(this.request.method, head, fields),
      tunnelTimeoutMs,
    );
    attempt.finish();
    // A server has a tunnel as long as it is open.
    socket.once('close', () => this.#leave(attempt, 'ok'));
    this.#finish();
    this.#answer.instead(() => []);
  }

  #log(attempt: Attempt, error: UpstreamError): void {
    const { method, target } = this.request;
    const { log } = this.#context.options;
    log.warn({ upstream: attempt.peer.id, code: error.code, method, target }, error.message);
  }

  /** From now on the client's leaving is heard of; most requests are over before this is called. */
  #listen(): void {
    this.#listening = true;
    const signal = this.environ['highball.signal']?.();
    if (signal === undefined) return;
    const abort = (): void => this.#giveUp(clientGone());
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }

  #giveUp(error: UpstreamError): void {
    const running = this.#running.slice();
    for (const attempt of running) attempt.abort(error);
    if (running.length > 0 || this.#answer.settled) return;
    // Its body is still being collected.
    if (error.code === 'ABORTED') this.#clientLeft();
    else this.#answerError(error.status);
  }

  #clientLeft(): void {
    if (this.#answer.settled) return;
    this.#finish();
    this.#answer.nobody();
  }

  #answerError(status: OwnStatus): void {
    if (this.#answer.settled) return;
    this.#finish();
    this.#answer.error(status);
  }

  /** The peer has done its part, or failed at it. */
  #leave(attempt: Attempt, outcome: Outcome): void {
    const running = this.#running;
    const index = running.indexOf(attempt);
    if (index === -1) return;
    if (running.length === 1) running.pop();
    else running.splice(index, 1);
    const { picker, log } = this.#context.options;
    try {
      picker.release(attempt.peer, outcome, this.#seen(attempt, outcome));
    } catch (err) {
      // The answer is none the worse for it.
      log.warn({ err, upstream: attempt.peer.id }, 'the picker failed to take a peer back');
    }
  }

  /** What the picker learns of the peer; of a client that left, nothing. */
  #seen({ startedAt, headAt, load }: Attempt, outcome: Outcome): Observation | undefined {
    if (headAt !== 0) return { rttMs: headAt - startedAt, load };
    return outcome === 'failed' ? { rttMs: this.#context.options.now() - startedAt } : undefined;
  }

  /** Collects the body first; `otherwise` is called when the request has ended meanwhile. */
  async #buffer(then: () => void, otherwise: () => void = () => undefined): Promise<void> {
    const { body } = this.request;
    if (body === undefined) return;
    try {
      const { buffer } = this.#context.options;
      this.#buffered = await bufferBody(body.read(), () => body.trailers(), buffer);
    } catch {
      otherwise();
      if (!this.#answer.settled) this.#clientLeft();
      return;
    }
    const kept = this.#buffered;
    if (kept !== undefined && !this.#answer.settled) {
      this.request = { ...this.request, body: kept, contentLength: kept.length, expectsContinue: false };
      then();
      return;
    }
    otherwise();
    if (this.#answer.settled) this.#finish();
    else this.#answerError(413);
  }

  #fail(error: unknown): void {
    this.#finish();
    this.#answer.fail(error);
  }

  /** For the access log (nginx's $upstream_response_time). */
  #noteTime({ startedAt, endAt }: Attempt): void {
    this.environ['highball.upstream_response_time'] = seconds(endAt - startedAt);
  }

  /** Nothing is to be watched any more. */
  #finish(winner?: Attempt): void {
    this.#ended = true;
    this.#context.sweeper.delete(this);
    if (winner !== undefined && winner.headAt !== 0) this.#noteTime(winner);
    void this.#buffered?.dispose();
    this.#buffered = undefined;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** A client's leaving is heard of from then on; so late it is noticed at most. */
const LISTEN_AFTER_MS = 10;

/** What a picker's error may say: RFC 9110 §15.6.4, and nginx's status for a request whose client has left. */
const NOBODY_FREE = 503;
const CLIENT_LEFT = 499;

type PickedPeer = { readonly id: string } | undefined;

function asUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  return new UpstreamError('BAD_RESPONSE', String((error as Error).message), { cause: error });
}
