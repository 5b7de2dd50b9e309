import type { ConnectionFacts } from '@highball/environ';
import {
  type Application,
  Deferred,
  emptyInput,
  type Environ,
  type HeaderList,
  type ResponseBody,
  type SettledListener,
  type UpgradedConnection,
} from '@highball/gateway-protocol';
import type { RequestHead } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import { closeQuietly, isClosable } from './close-body.ts';
import type { WorkerContext } from './context.ts';
import { RequestError } from './errors.ts';
import { type InputSource, RequestInput } from './input.ts';
import { LazySignal } from './lazy-signal.ts';
import { Response } from './response.ts';
import type { ResponseContext, ResponseWriter } from './response-writer.ts';
import { sendBody } from './send-body.ts';
import type { ServerFields } from './server-fields.ts';

/** Keys that are in each environ of a worker: environ keeps a place for them. */
export const SERVER_KEYS = [
  'wsgi.early_hints',
  'highball.send_trailers',
  'highball.send_head',
  'highball.signal',
  'highball.draining',
] as const;

/** The connection, or the stream of it, as an exchange sees it. */
export interface ExchangeOwner {
  readonly facts: ConnectionFacts;
  readonly writer: ResponseWriter;
  /** Whether the connection may go on after this response. */
  mayPersist(): boolean;
  /** The body has room again. */
  onRoom(): void;
  /** The response is complete, and its body closed. */
  onCompleted(exchange: Exchange): void;
  /** The response cannot be completed, and must not look complete. */
  onBroken(exchange: Exchange): void;
  /** Hands the connection to the application. @throws ApplicationError when it is too late for that. */
  upgrade(exchange: Exchange): UpgradedConnection;
}

/** One request and its response: calls the application and sends what it returns (PEP 3333). */
export class Exchange implements ResponseContext, InputSource, SettledListener<ResponseBody> {
  readonly head: RequestHead;
  readonly environ: Environ;
  readonly response: Response;
  /** Undefined for a request without a body. */
  readonly input: RequestInput | undefined;
  /** When it began, by the worker's clock. */
  readonly startedAt: number;
  /** Whether the whole request has come. */
  requestComplete = false;
  /** Whether the application is done, and all it sent was handed to the connection. */
  responseComplete = false;
  /** How long the client may still let its body be waited for, and how much had come when that was counted. */
  bodyBudgetMs: number;
  countedBytes = 0;
  readonly #owner: ExchangeOwner;
  readonly #context: WorkerContext;
  #owesContinue: boolean;
  #trailers: HeaderList | undefined;
  #departure: LazySignal | undefined;
  /** Whether it came to an early end: lost, broken or handed over. What the application still does is ignored. */
  #over = false;

  /** @throws EnvironError when no environ can be made of the request. */
  constructor(head: RequestHead, owner: ExchangeOwner, context: WorkerContext) {
    const { options, buildEnviron, errorStream } = context;
    const hasBody = head.contentLength > 0 || head.chunked;
    this.head = head;
    this.#owner = owner;
    this.#context = context;
    this.#owesContinue = hasBody && head.expectContinue;
    this.input = hasBody ? new RequestInput(this) : undefined;
    this.response = new Response(this, owner.writer);
    this.startedAt = options.clock.now();
    this.bodyBudgetMs = options.bodyGraceMs;
    this.environ = buildEnviron(head, owner.facts, this.input ?? emptyInput, errorStream);
    this.#extendEnviron();
  }

  get serverFields(): ServerFields {
    return this.#context.serverFields;
  }

  /** Whether the client holds its body back until it gets 100 Continue. */
  get owesContinue(): boolean {
    return this.#owesContinue;
  }

  /** Whether the application may take the connection over; not when the request has a body to be read first. */
  get offersUpgrade(): boolean {
    return this.input === undefined && (this.head.upgrade !== undefined || this.head.method === 'CONNECT');
  }

  /** Calls the application. */
  run(): void {
    let body: ReturnType<Application>;
    try {
      body = this.#context.app(this.environ, this.response.start);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!isPromise(body)) this.onResolved(body);
    else if (body instanceof Deferred) body.whenSettled(this);
    else {
      body.then(
        (ready) => this.onResolved(ready),
        (error: unknown) => this.#fail(error),
      );
    }
  }

  /** The application has returned its body. */
  onResolved(body: ResponseBody): void {
    try {
      this.#send(body);
    } catch (error) {
      this.#fail(error);
    }
  }

  onRejected(error: unknown): void {
    this.#fail(error);
  }

  /** Takes a piece of the request's body. */
  push(chunk: Uint8Array): void {
    // Who sends its body without waiting for 100 needs none (RFC 9110 §10.1.1).
    this.#owesContinue = false;
    this.input?.push(chunk);
  }

  /** The whole request has come. */
  endRequest(trailers: readonly string[]): void {
    this.requestComplete = true;
    for (let i = 0; i < trailers.length; i += 2) {
      (this.#trailers ??= []).push([trailers[i] as string, trailers[i + 1] as string]);
    }
    this.input?.end();
  }

  /** The client sends no more: it may be gone, so that who asks `highball.signal` should give up. */
  hint(reason: RequestError): void {
    if (!this.responseComplete) (this.#departure ??= new LazySignal()).abort(reason);
  }

  /** The client is gone, or is answered by the server itself: reads fail, what is still sent goes nowhere. */
  lose(reason: RequestError): void {
    this.hint(reason);
    this.input?.fail(reason);
    this.#abandon();
  }

  /** The connection is the application's now. */
  leave(): void {
    this.#abandon();
  }

  mayPersist(): boolean {
    const { head, input } = this;
    // Behind a CONNECT that failed may stand what was meant for the tunnel (RFC 9110 §9.3.6).
    if (!head.keepAlive || head.method === 'CONNECT' || !this.#owner.mayPersist()) return false;
    if (input === undefined || input.complete) return true;
    // A client that waits for 100 will not send the body; one too long is not worth the while.
    if (this.#owesContinue) return false;
    return head.chunked || head.contentLength - input.received <= this.#context.options.drainBodyBytes;
  }

  onWanted(): void {
    // A little later: the body may stand right behind the head that is being parsed.
    if (this.#owesContinue) queueMicrotask(() => this.#continue());
  }

  onRoom(): void {
    this.#owner.onRoom();
  }

  /** For the log: which request it was. */
  describe(): object {
    return { method: this.head.method, path: this.head.target, peer: this.#owner.facts.remoteAddress };
  }

  #continue(): void {
    if (!this.#owesContinue || this.response.headSent) return;
    this.#owesContinue = false;
    this.#owner.writer.sendContinue();
  }

  #send(body: ResponseBody): void {
    const { output } = this.#owner.writer;
    let sending: void | Promise<void> = undefined;
    output.hold();
    try {
      if (!this.#over) sending = sendBody(body, this.response, output);
    } catch (error) {
      this.#fail(error, body);
      return;
    } finally {
      output.release();
    }
    if (sending === undefined) this.#close(body);
    else sending.then(() => this.#close(body), (error: unknown) => this.#fail(error, body)); // prettier-ignore
  }

  /** The application has thrown, or has broken the protocol. */
  #fail(err: unknown, body?: ResponseBody): void {
    const { log } = this.#context.options;
    if (this.#over) {
      log.debug('the application failed after its request was lost', { err, ...this.describe() });
    } else {
      // Who stops because the client has left has done nothing wrong.
      log[isDeparture(err) ? 'debug' : 'error']('the application failed', { err, ...this.describe() });
      if (this.response.headSent) {
        this.#abandon();
        this.#owner.onBroken(this);
      } else {
        this.#sendErrorPage(err);
      }
    }
    this.#close(body);
  }

  #sendErrorPage(cause: unknown): void {
    const { status, headers, body } = this.#context.errorPage(500, this.environ);
    const size = Buffer.byteLength(body);
    this.response.start(status, headers, cause ?? status);
    this.response.send(body, size, size);
    this.response.end();
  }

  /** PEP 3333: `close` is called at the end of the request, whatever happened to it. */
  #close(body: ResponseBody | undefined): void {
    if (!isClosable(body)) {
      this.#complete();
      return;
    }
    // The client need not wait for it.
    this.#owner.writer.output.flush();
    const closing = closeQuietly(body, (err) => {
      this.#context.options.log.error('close() of a response body failed', { err, ...this.describe() });
    });
    if (closing === undefined) this.#complete();
    else void closing.then(() => this.#complete());
  }

  #complete(): void {
    if (this.#over) return;
    this.responseComplete = true;
    this.#record();
    this.#owner.onCompleted(this);
  }

  #abandon(): void {
    if (this.#over || this.responseComplete) return;
    this.#over = true;
    this.response.abort();
    this.#record();
  }

  #record(): void {
    const { onResponse, clock, log } = this.#context.options;
    if (onResponse === undefined) return;
    const { status, headers, bodyBytes, ended: complete } = this.response;
    try {
      onResponse({
        environ: this.environ,
        status,
        headers,
        bodyBytes,
        durationMs: clock.now() - this.startedAt,
        complete,
      });
    } catch (err) {
      log.error('the hook onResponse failed', { err });
    }
  }

  /** The server's own keys (see gateway-protocol's Environ). */
  #extendEnviron(): void {
    const { environ, response } = this;
    environ['wsgi.early_hints'] = (headers) => response.sendEarlyHints(headers);
    environ['highball.send_trailers'] = (trailers) => response.sendTrailers(trailers);
    environ['highball.send_head'] = () => response.sendHead();
    environ['highball.signal'] = () => (this.#departure ??= new LazySignal()).signal;
    environ['highball.draining'] = this.#context.draining;
    if (this.head.chunked)
      environ['highball.trailers'] = () => (this.input?.consumed && this.#trailers) || [];
    if (this.offersUpgrade) environ['highball.upgrade'] = () => this.#owner.upgrade(this);
  }
}

/** Our own reason of `highball.signal`, thrown on; or what asgi-adapter's `send` rejects with. */
function isDeparture(err: unknown): boolean {
  const { code } = (err ?? {}) as { code?: unknown };
  return (err instanceof RequestError && code === 'CLIENT_GONE') || code === 'CLIENT_DISCONNECTED';
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function';
}
