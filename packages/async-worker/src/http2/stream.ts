import type { ConnectionFacts } from '@highball/environ';
import type { UpgradedConnection } from '@highball/gateway-protocol';
import { type RequestChecker, RemoteProtocolError } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import type { ServerHttp2Stream } from 'node:http2';
import type { WorkerContext } from '../context.ts';
import { type Expiry, expiryOf, heldUpMs, type Stage, type Watched } from '../deadlines.ts';
import { ApplicationError, RequestError } from '../errors.ts';
import { Exchange, type ExchangeOwner } from '../exchange.ts';
import { faultOf } from '../fault.ts';
import type { Answer } from '../served-connection.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from './codes.ts';
import type { FloodGuard } from './flood-guard.ts';
import { readSection } from './request-head.ts';
import { responseSection } from './response-section.ts';
import type { StreamOutput } from './stream-output.ts';
import { StreamWriter } from './stream-writer.ts';

/** So long a client may still send a body that nobody reads. As long as a connection lingers. */
const LINGER_MS = 5000;

/** The connection, as its streams see it. */
export interface StreamOwner {
  readonly facts: ConnectionFacts;
  readonly checker: RequestChecker;
  readonly guard: FloodGuard;
  /** The application wants the connection to end behind this answer. */
  finish(): void;
  /** A stream brings more than its application reads; and is read again. */
  onPaused(): void;
  onResumed(): void;
  /** Nothing can be received or sent on a stream any more. @param takenBack - whether the client has ended it early. */
  onStreamClosed(stream: RequestStream, takenBack: boolean): void;
}

/** A stream of HTTP/2: one request and its answer. */
export class RequestStream implements ExchangeOwner, Watched, Answer {
  readonly writer: StreamWriter;
  readonly since: number;
  readonly #stream: ServerHttp2Stream;
  readonly #owner: StreamOwner;
  readonly #context: WorkerContext;
  #exchange: Exchange | undefined;
  #trailers: readonly string[] = [];
  #paused = false;
  /** Whether the whole request has come. */
  #requestComplete = false;
  /** When all was said that will be: what the client still sends is thrown away. */
  #answeredAt: number | undefined;
  /** So much of it. */
  #unwantedBytes = 0;

  constructor(stream: ServerHttp2Stream, owner: StreamOwner, context: WorkerContext) {
    this.#stream = stream;
    this.#owner = owner;
    this.#context = context;
    this.since = context.options.clock.now();
    this.writer = new StreamWriter(stream);
    stream.on('error', ignore).on('aborted', this.#onAborted).on('close', this.#onClose);
  }

  get facts(): ConnectionFacts {
    return this.#owner.facts;
  }

  get output(): StreamOutput {
    return this.writer.output;
  }

  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  get stage(): Stage {
    return 'exchange';
  }

  /** Serves the request. @param section - its header section. @param ended - whether nothing comes behind it. */
  begin(section: readonly string[], ended: boolean): void {
    this.#requestComplete = ended;
    if (!ended) this.#readBody();
    try {
      const head = readSection(section, ended, this.#owner.checker);
      if (!this.#context.options.methods.has(head.method)) {
        throw new RemoteProtocolError('METHOD_NOT_IMPLEMENTED', `the method ${head.method}`);
      }
      this.#context.onRequest();
      const exchange = new Exchange(head, this, this.#context);
      this.#exchange = exchange;
      this.#completeEnviron(exchange);
      if (ended) exchange.endRequest([]);
      exchange.run();
    } catch (error) {
      this.#refuse(error);
    }
  }

  sweep(now: number, elapsedMs: number): void {
    const expiry = expiryOf(this, now, elapsedMs, this.#context.options, undefined);
    if (expiry !== undefined) this.#expire(expiry);
    else if (this.#answeredAt !== undefined && now - this.#answeredAt > LINGER_MS) this.#stopUpload();
  }

  heldUpMs(now: number): number {
    return heldUpMs(this, now, this.#context.options);
  }

  destroy(): void {
    this.lose('the stream was closed');
    this.#reset(CANCEL);
  }

  /** The client is gone. An error is made only for those who are told. */
  lose(why: string): void {
    this.#exchange?.lose(new RequestError('CLIENT_GONE', why));
    this.output.abandon();
  }

  // What the exchange asks for and tells.

  mayPersist(): boolean {
    return true;
  }

  onRoom(): void {
    this.#resume();
  }

  onCompleted({ input, response }: Exchange): void {
    input?.discard();
    if (response.asksToClose) this.#owner.finish();
    this.#finish();
  }

  onBroken(): void {
    this.#reset(INTERNAL_ERROR);
  }

  upgrade(): UpgradedConnection {
    throw new ApplicationError('UPGRADE_TOO_LATE', 'a stream of HTTP/2 cannot be taken over');
  }

  #completeEnviron({ environ, head }: Exchange): void {
    environ.SERVER_PROTOCOL = 'HTTP/2';
    // HTTP/2 has no such field; it is by this one that applications know of a body whose length nobody has told.
    if (head.chunked && head.contentLength === -1) environ.HTTP_TRANSFER_ENCODING = 'chunked';
  }

  /** It comes in a later turn, when it is known whose it is. */
  #readBody(): void {
    this.#stream
      .on('data', (chunk: Buffer) => this.#onData(chunk))
      .on('trailers', (_fields, _flags, section?: string[]) => (this.#trailers = section ?? []))
      .on('end', () => this.#onEnd());
  }

  #onData(chunk: Buffer): void {
    this.#owner.guard.useful(chunk.length);
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#unwantedBytes += chunk.length;
      if (this.#unwantedBytes > this.#context.options.drainBodyBytes) this.#stopUpload();
      return;
    }
    exchange.push(chunk);
    const { input } = exchange;
    if (input?.full) this.#pause();
    try {
      this.#owner.checker.body(input?.received ?? 0);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #onEnd(): void {
    // A stream that the client resets without an error ends, too; what has come of it is not the whole.
    if (this.#stream.closed) return;
    this.#requestComplete = true;
    if (this.#exchange === undefined) return;
    try {
      this.#owner.checker.trailers(this.#trailers);
      this.#exchange.endRequest(this.#trailers);
    } catch (error) {
      this.#refuse(error);
    }
  }

  readonly #onAborted = (): void => {
    this.lose('the client has reset the stream');
  };

  readonly #onClose = (): void => {
    const takenBack = this.#answeredAt === undefined;
    this.lose('the client has left');
    this.#resume();
    this.#owner.guard.useful(this.output.written);
    this.#owner.onStreamClosed(this, takenBack);
  };

  #expire(expiry: Expiry): void {
    if (expiry === 'write') this.destroy();
    else if (expiry === 'body') {
      this.#answer(408, new RequestError('BODY_TOO_SLOW', 'the body comes too slowly'));
    } else {
      this.#context.options.log.warn('a request has taken too long', this.#exchange?.describe());
      this.#answer(503, new RequestError('REQUEST_TIMEOUT', 'the request has taken too long'));
    }
  }

  /** The request cannot be read. */
  #refuse(error: unknown): void {
    const { status, reason, level } = faultOf(error);
    const details = { err: error, status, peer: this.facts.remoteAddress };
    const message = level === 'error' ? 'the server failed to read a request' : 'a request was refused';
    this.#context.options.log[level](message, details);
    this.#answer(status, reason);
  }

  /** Answers in the application's place, if that still can be. */
  #answer(status: number, reason: RequestError): void {
    const exchange = this.#exchange;
    exchange?.lose(reason);
    if (this.#stream.closed) return;
    if (this.#stream.headersSent) this.#reset(INTERNAL_ERROR);
    else this.#sendPage(status);
  }

  #sendPage(status: number): void {
    const page = this.#context.errorPage(status, this.#exchange?.environ);
    const size = Buffer.byteLength(page.body);
    const section = responseSection(page.status, page.headers, this.#context.serverFields, size);
    // That of a HEAD was ended by Node before anyone was told of it.
    const endStream = this.#stream.writableEnded;
    this.#stream.respond(section, { endStream });
    if (!endStream) this.output.write(page.body, size);
    this.output.end();
    this.#finish();
  }

  #reset(code: number): void {
    this.#end();
    this.output.abandon();
    this.#stream.close(code);
  }

  /**
   * The answer was given. A client that still has much of its body to send is asked to stop (RFC 9113 §8.1). A short rest
   * is let come: some clients lose an answer that a reset follows, such as grpc-js in Node 26.
   */
  #finish(): void {
    const head = this.#exchange?.head;
    const received = this.#exchange?.input?.received ?? 0;
    this.#end();
    if (this.#requestComplete) return;
    const restBytes = head === undefined ? 0 : head.contentLength - received;
    if (restBytes > this.#context.options.drainBodyBytes) this.#stopUpload();
  }

  #end(): void {
    this.#answeredAt ??= this.#context.options.clock.now();
    this.#exchange = undefined;
    this.#resume();
  }

  #stopUpload(): void {
    if (!this.#requestComplete) this.writer.whenSent(() => this.#stream.close(NO_ERROR));
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
    this.#owner.onPaused();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#owner.onResumed();
    this.#stream.resume();
  }
}

/** Every error of a stream is followed by its close, which is what counts. */
function ignore(): void {
  // Nothing to do.
}
