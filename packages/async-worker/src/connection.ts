import { EnvironError, type ConnectionFacts } from '@highball/environ';
import type { Environ, ResponseBody } from '@highball/gateway-protocol';
import {
  RemoteProtocolError,
  type RequestHandler,
  type RequestHead,
  RequestParser,
} from '@highball/http-parser';
import type { Socket } from 'node:net';
import { type Expiry, expiryOf } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { errorPage } from './head.ts';
import { emptyInput, RequestInput } from './input.ts';
import { Output } from './output.ts';
import { Response } from './response.ts';
import { sendBody } from './send-body.ts';
import type { Shared } from './shared.ts';

/** Bytes of pipelined requests that wait for the answer before them; beyond it the client has to wait. */
const PIPELINE_BYTES = 65_536;
/** After a refusal so much of what the client still sends is read and thrown away. */
const LINGER_BYTES = 1_048_576;

/** One client's connection: requests in, one after the other, answers out in the same order. */
export class Connection implements RequestHandler {
  readonly #socket: Socket;
  readonly #shared: Shared;
  readonly #facts: ConnectionFacts;
  readonly #parser: RequestParser;
  readonly #output: Output;
  #exchange: Exchange | undefined;
  /** An upgrade or CONNECT whose application is called once the parser stands behind the head. */
  #deferred: Exchange | undefined;
  #heldByInput = false;
  #phase: 'open' | 'lingering' | 'closed' = 'open';
  #lingered = 0;
  /** When the state that a deadline is about began, by the worker's clock. */
  since: number;
  /** How much of what was written the kernel had taken, and when that last grew. */
  flushedBytes = 0;
  flushedAt: number;

  constructor(socket: Socket, facts: ConnectionFacts, shared: Shared) {
    this.#socket = socket;
    this.#facts = facts;
    this.#shared = shared;
    this.#parser = new RequestParser(this, shared.options.parser);
    this.#output = new Output(socket);
    this.since = shared.options.now();
    this.flushedAt = this.since;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#halfClosed());
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
  }

  /** What is under way, for the log and for deadlines. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  get idle(): boolean {
    return this.#exchange === undefined && this.#parser.idle;
  }

  get lingering(): boolean {
    return this.#phase === 'lingering';
  }

  /** Bytes that were written but not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  get writtenBytes(): number {
    return this.#socket.bytesWritten;
  }

  /** Takes bytes that arrived before this connection was made. */
  receive(bytes: Buffer): void {
    this.#receive(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes if nothing is under way; what is buffered goes out first. */
  closeIdle(): void {
    if (this.idle) this.#end();
  }

  /** Acts on a deadline that has passed. */
  expire(expiry: Expiry): void {
    if (expiry === 'idle' || expiry === 'linger' || expiry === 'write') {
      if (expiry === 'idle') this.#end();
      else this.#socket.destroy();
      return;
    }
    const status = expiry === 'request' ? 503 : 408;
    this.#shared.log.warn({ ...this.#describe(), status }, `the ${expiry} has taken too long`);
    this.#exchange?.input?.fail(new Error(`the ${expiry} has taken too long`));
    this.#refuse(status);
  }

  /** Asks the deadlines; called by the worker's sweep. */
  sweep(now: number, elapsedMs: number): void {
    const expiry = expiryOf(this, now, elapsedMs, this.#shared.options, this.#shared.draining);
    if (expiry !== undefined) this.expire(expiry);
  }

  // The parser's handler.

  onHead(head: RequestHead): void {
    const hasBody = head.contentLength > 0 || head.chunked;
    const input = hasBody
      ? new RequestInput({ wanted: () => this.#continue(), hold: (full) => this.#hold(full) })
      : undefined;
    const response = new Response(
      {
        method: head.method,
        minorVersion: head.minorVersion,
        serverLine: this.#shared.serverLine,
        mayPersist: () => this.#mayPersist(),
      },
      this.#output,
    );
    const environ = this.#shared.buildEnviron(
      head,
      this.#facts,
      input ?? emptyInput,
      this.#shared.errorStream,
    );
    const exchange: Exchange = {
      head,
      environ,
      response,
      input,
      startedAt: this.#shared.options.now(),
      requestComplete: false,
      responseComplete: false,
      owesContinue: head.expectContinue && hasBody,
      bodyWaitMs: 0,
      trailers: [],
      abort: undefined,
    };
    this.#extendEnviron(environ, exchange);
    this.#exchange = exchange;
    this.#shared.requests++;
    if (head.upgrade !== undefined || head.method === 'CONNECT') this.#deferred = exchange;
    else this.#call(exchange);
  }

  onBody(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    exchange?.input?.push(chunk);
    if (exchange?.responseComplete && (exchange.input?.received ?? 0) > this.#shared.options.drainBodyBytes) {
      // The answer has promised to keep the connection, but this is more than is worth it.
      this.#linger();
    }
  }

  onEnd(trailers: readonly string[]): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.requestComplete = true;
    for (let i = 0; i < trailers.length; i += 2)
      exchange.trailers.push([trailers[i] as string, trailers[i + 1] as string]);
    exchange.input?.end();
    if (exchange.responseComplete) this.#next(exchange);
    else this.#parser.pause();
  }

  #receive(bytes: Buffer): void {
    if (this.#phase === 'lingering') {
      this.#lingered += bytes.length;
      if (this.#lingered > LINGER_BYTES) this.#socket.destroy();
      return;
    }
    if (this.#exchange === undefined && this.#parser.idle) this.since = this.#shared.options.now();
    this.#output.hold();
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#faulty(error);
    }
    this.#output.release();
    this.#callDeferred();
    this.#throttle();
  }

  /** An upgraded connection's next bytes are not for the parser: it stands still behind the head now. */
  #callDeferred(): void {
    const exchange = this.#deferred;
    if (exchange === undefined || !this.#parser.paused) return;
    this.#deferred = undefined;
    this.#call(exchange);
  }

  /** Stops reading while pipelined requests, or a body nobody reads, have filled their buffers. */
  #throttle(): void {
    if (this.#heldByInput || this.#parser.buffered > PIPELINE_BYTES) this.#socket.pause();
    else if (this.#socket.isPaused() && this.#phase === 'open') this.#socket.resume();
  }

  #hold(full: boolean): void {
    this.#heldByInput = full;
    if (full) this.#parser.pause();
    else this.#resumeParser();
    this.#throttle();
  }

  #resumeParser(): void {
    this.#output.hold();
    try {
      this.#parser.resume();
    } catch (error) {
      this.#faulty(error);
    }
    this.#output.release();
    this.#callDeferred();
  }

  /** The client sends something that is no HTTP, or breaks a limit. */
  #faulty(error: unknown): void {
    const exchange = this.#exchange;
    const known = error instanceof RemoteProtocolError || error instanceof EnvironError;
    if (!known) this.#shared.log.error({ err: error }, 'an error of the server itself');
    const { status, message } = known ? error : { status: 500, message: 'internal error' };
    if (known) this.#shared.log.debug({ peer: this.#facts.remoteAddress, code: error.code, status }, message);
    exchange?.input?.fail(new Error(`the request is malformed: ${message}`));
    this.#refuse(status);
  }

  /** Answers with an error of the server's own, if that still can be, and closes. */
  #refuse(status: number): void {
    const exchange = this.#exchange;
    if (exchange?.response.headSent === true && !exchange.responseComplete) {
      // A body is on its way: to say anything more would become a part of it.
      this.#socket.destroy();
      return;
    }
    exchange?.response.abort();
    const page = errorPage(status);
    const answer = new Response(
      {
        method: exchange?.head.method ?? 'GET',
        minorVersion: 1,
        serverLine: this.#shared.serverLine,
        mayPersist: () => false,
      },
      this.#output,
    );
    answer.start(page.status, page.headers);
    answer.send(page.body, page.body.length);
    answer.end();
    this.#output.release();
    this.#linger();
  }

  #call(exchange: Exchange): void {
    const { environ, response } = exchange;
    let body: ResponseBody | Promise<ResponseBody>;
    try {
      body = this.#shared.app(environ, response.start);
      if (isPromise(body)) {
        body
          .then((ready) => this.#send(exchange, ready))
          .catch((error: unknown) => this.#failed(exchange, error));
        return;
      }
    } catch (error) {
      this.#failed(exchange, error);
      return;
    }
    this.#send(exchange, body);
  }

  #send(exchange: Exchange, body: ResponseBody): void {
    try {
      if (this.#exchange !== exchange) {
        // The connection was handed over, or is gone: the body only wants to be closed.
        void (typeof body === 'object' && body?.close?.());
        return;
      }
      const sending = sendBody(body, exchange.response, this.#output);
      if (sending === undefined) this.#complete(exchange);
      else
        sending.then(() => this.#complete(exchange)).catch((error: unknown) => this.#failed(exchange, error));
    } catch (error) {
      this.#failed(exchange, error);
    }
  }

  /** The application has thrown, or has broken the protocol. */
  #failed(exchange: Exchange, error: unknown): void {
    const { response } = exchange;
    if (this.#exchange !== exchange || (response.aborted && this.#phase !== 'open')) {
      this.#shared.log.debug(
        { err: error, ...this.#describe(exchange) },
        'the application failed after its client had left',
      );
      return;
    }
    this.#shared.log.error({ err: error, ...this.#describe(exchange) }, 'the application failed');
    if (response.headSent) {
      // Never completed: the client must be able to tell (RFC 9112 §8).
      response.abort();
      this.#socket.destroy();
      return;
    }
    const page = errorPage(500);
    const replaced = new Error('replaced');
    response.start(page.status, page.headers, replaced);
    response.send(page.body, page.body.length);
    response.end();
    this.#complete(exchange);
  }

  #complete(exchange: Exchange): void {
    if (this.#exchange !== exchange || exchange.responseComplete) return;
    exchange.responseComplete = true;
    const { response, environ, startedAt } = exchange;
    const { onResponse, now } = this.#shared.options;
    onResponse?.({
      environ,
      status: response.status,
      bodyBytes: response.bodyBytes,
      durationMs: now() - startedAt,
    });
    if (response.aborted) return;
    if (!response.persists) {
      this.#output.flush();
      if (exchange.requestComplete) this.#end();
      else this.#linger();
      return;
    }
    if (exchange.requestComplete) this.#next(exchange);
    else exchange.input?.discard();
  }

  /** Goes on with the next request, which may have come already. */
  #next(exchange: Exchange): void {
    if (!exchange.response.persists) {
      this.#end();
      return;
    }
    this.#exchange = undefined;
    this.since = this.#shared.options.now();
    if (this.#parser.paused) {
      this.#resumeParser();
      this.#throttle();
    }
  }

  /** Whether another request may follow on this connection; asked when the head of the response is written. */
  #mayPersist(): boolean {
    const exchange = this.#exchange as Exchange;
    const { head, input } = exchange;
    if (!head.keepAlive || this.#shared.draining || this.#phase !== 'open') return false;
    if (exchange.requestComplete || input === undefined || input.complete) return true;
    // The rest of the body: a client that waits for 100 will not send it, and one too long is not worth the while.
    if (exchange.owesContinue) return false;
    return head.chunked || head.contentLength - input.received <= this.#shared.options.drainBodyBytes;
  }

  #continue(): void {
    const exchange = this.#exchange;
    if (exchange?.owesContinue !== true || exchange.response.headSent) return;
    exchange.owesContinue = false;
    this.#output.latin1('HTTP/1.1 100 Continue\r\n\r\n');
    this.#output.flush();
  }

  /** The server's own keys (see gateway-protocol's Environ). */
  #extendEnviron(environ: Environ, exchange: Exchange): void {
    const { response, head } = exchange;
    environ['wsgi.early_hints'] = (headers) => response.sendEarlyHints(headers);
    environ['highball.send_trailers'] = (trailers) => response.sendTrailers(trailers);
    environ['highball.signal'] = () => this.#signal(exchange);
    if (head.chunked) environ['highball.trailers'] = () => exchange.trailers;
    if (head.upgrade !== undefined || head.method === 'CONNECT') {
      environ['highball.upgrade'] = () => this.#handOver(exchange);
    }
  }

  #signal(exchange: Exchange): AbortSignal {
    exchange.abort ??= new AbortController();
    if (exchange.response.aborted) exchange.abort.abort();
    return exchange.abort.signal;
  }

  #handOver(exchange: Exchange): { socket: Socket; head: Uint8Array } {
    if (this.#exchange !== exchange || exchange.response.headSent || this.#phase !== 'open') {
      throw new Error('the connection cannot be taken over: the response has begun, or the client is gone');
    }
    const head = this.#parser.release();
    this.#exchange = undefined;
    this.#phase = 'closed';
    exchange.response.abort();
    for (const event of ['data', 'end', 'close']) this.#socket.removeAllListeners(event);
    this.#shared.release(this, this.#socket);
    this.#socket.resume();
    return { socket: this.#socket, head };
  }

  /** The client sends no more; it may still wait for its answer (RFC 9112 §9.6). */
  #halfClosed(): void {
    if (this.#phase !== 'open') {
      this.#socket.end();
      return;
    }
    try {
      if (!this.#parser.paused) this.#parser.finish();
    } catch (error) {
      this.#faulty(error);
      return;
    }
    if (this.#exchange === undefined) this.#end();
  }

  #closed(): void {
    const exchange = this.#exchange;
    this.#phase = 'closed';
    this.#exchange = undefined;
    if (exchange !== undefined && !exchange.responseComplete) {
      exchange.input?.fail(new Error('the client has left'));
      exchange.response.abort();
      exchange.abort?.abort();
    }
    this.#parser.close();
    this.#shared.forget(this);
  }

  /** Closes in good order: all that was written goes out first. */
  #end(): void {
    this.#output.flush();
    this.#socket.end();
    this.#startLinger();
  }

  /**
   * Closes for sending, and reads on for a while: to close with unread bytes would reset the connection, and the
   * client might lose the answer (RFC 9112 §9.6).
   */
  #linger(): void {
    this.#exchange?.input?.fail(new Error('the connection is being closed'));
    this.#end();
    this.#socket.resume();
  }

  #startLinger(): void {
    this.#phase = 'lingering';
    this.#parser.close();
    this.since = this.#shared.options.now();
  }

  #describe(exchange = this.#exchange): object {
    const { REQUEST_METHOD: method, RAW_URI: uri } = exchange?.environ ?? {};
    return { peer: this.#facts.remoteAddress, ...(method !== undefined && { method, uri }) };
  }
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function';
}
