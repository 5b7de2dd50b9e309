import type { ConnectionFacts } from '@highball/environ';
import type { UpgradedConnection } from '@highball/gateway-protocol';
import { RemoteProtocolError, type RequestHandler, type RequestHead } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { WorkerContext } from './context.ts';
import { type Expiry, expiryOf, heldUpMs, type Stage, type Watched } from './deadlines.ts';
import { refusal } from './error-page.ts';
import { ApplicationError, RequestError } from './errors.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { faultOf } from './fault.ts';
import type { Output } from './output.ts';
import { mayBePreface, NO_BYTES, PREFACE_BYTES } from './http2/preface.ts';
import type { ProxyPrelude } from './proxy-prelude.ts';
import type { RequestSource } from './request-source.ts';
import type { Answer, ServedConnection } from './served-connection.ts';
import { keepable } from './shared-reads.ts';
import { TextWriter } from './text-writer.ts';
import { Wire, type WireHandler } from './wire.ts';

/** After so long without a request a connection gives back the memory that would speed up its next one. */
const FORGET_MS = 3000;

/** One client's connection: requests in, one after the other, answers out in the same order (RFC 9112 §9.3). */
export class Connection implements RequestHandler, ExchangeOwner, WireHandler, Watched, ServedConnection {
  readonly writer: TextWriter;
  readonly #context: WorkerContext;
  readonly #wire: Wire;
  readonly #parser: RequestSource;
  #facts: ConnectionFacts;
  #prelude: ProxyPrelude | undefined;
  /** Whether it may still turn out to speak HTTP/2, and what it has said of that. */
  #undecided: boolean;
  #opening = NO_BYTES;
  #exchange: Exchange | undefined;
  /** The application is called when the parser stands behind the head: it may take the connection over. */
  #deferred = false;
  #parsing = false;
  /** Parsing is to go on, once the call that is under way returns. */
  #again = false;
  /** The next request has to wait until the client has taken more of the answers. */
  #blocked = false;
  /** The client sends no more. */
  #halfClosed = false;
  /** Whether a request was answered: until then a connection that says nothing has less time. */
  #seasoned = false;
  /** When the stage that a deadline is about began, by the worker's clock. */
  since: number;

  constructor(socket: Socket, facts: ConnectionFacts, context: WorkerContext) {
    this.#facts = facts;
    this.#context = context;
    this.#parser = context.startSource(this, facts);
    this.#prelude = context.startPrelude(facts);
    this.#undecided = context.options.http2;
    this.since = context.options.clock.now();
    this.#wire = new Wire(socket, this, context.options.batchWrites);
    this.writer = new TextWriter(this.#wire.output);
  }

  get facts(): ConnectionFacts {
    return this.#facts;
  }

  get output(): Output {
    return this.#wire.output;
  }

  /** The request that is under way. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  get exchanges(): readonly Exchange[] {
    return this.#exchange === undefined ? [] : [this.#exchange];
  }

  get answers(): readonly Answer[] {
    return [this];
  }

  /** What the connection is doing: each stage has its deadline. */
  get stage(): Stage {
    if (!this.#wire.open) return 'lingering';
    if (this.#exchange !== undefined) return 'exchange';
    if (this.#blocked) return 'blocked';
    if (this.#prelude !== undefined) return 'first';
    if (!this.#parser.idle || this.#opening.length > 0) return 'head';
    return this.#seasoned ? 'idle' : 'first';
  }

  /** Closes at once. */
  destroy(): void {
    this.#exchange?.lose(new RequestError('CLIENT_GONE', 'the connection was closed'));
    this.#wire.destroy();
  }

  /** Acts on the deadline that has passed, if one has. Called by the worker's sweep. */
  sweep(now: number, elapsedMs: number): void {
    const { options, drainingSince } = this.#context;
    const expiry = expiryOf(this, now, elapsedMs, options, drainingSince);
    if (expiry !== undefined) this.#expire(expiry);
    else if (this.#wire.hasLingered(now)) this.#wire.destroy();
    else if (now - this.since > FORGET_MS && this.stage === 'idle') this.#parser.forget();
  }

  heldUpMs(now: number): number {
    return heldUpMs(this, now, this.#context.options);
  }

  // What the wire tells.

  onReceived(bytes: Buffer): void {
    if (this.#prelude !== undefined) this.#introduce(this.#prelude, bytes);
    else if (this.#undecided) this.#decide(bytes);
    else this.#parse(bytes);
  }

  onHalfClosed(): void {
    this.#halfClosed = true;
    this.#exchange?.hint(new RequestError('CLIENT_GONE', 'the client sends no more'));
    if (this.#opening.length > 0) this.#decideForText(this.#opening);
    this.#endInput();
  }

  onClosed(): void {
    this.#exchange?.lose(new RequestError('CLIENT_GONE', 'the client has left'));
    this.#exchange = undefined;
    this.#parser.close();
    this.#context.onClosed(this);
  }

  // What the parser tells.

  onHead(head: RequestHead): void {
    if (!this.#context.options.methods.has(head.method)) {
      throw new RemoteProtocolError('METHOD_NOT_IMPLEMENTED', `the method ${head.method}`);
    }
    this.#context.onRequest();
    const exchange = new Exchange(head, this, this.#context);
    this.#exchange = exchange;
    this.#deferred = exchange.offersUpgrade;
    if (!this.#deferred) exchange.run();
  }

  onBody(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.push(keepable(chunk));
    const { input, responseComplete } = exchange;
    if (input?.full) this.#parser.pause();
    // The answer has promised to keep the connection, but this is more than that is worth.
    if (responseComplete && (input?.received ?? 0) > this.#context.options.drainBodyBytes) this.#finish();
  }

  onEnd(trailers: readonly string[]): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    exchange.endRequest(trailers);
    if (exchange.responseComplete) this.#next();
    else this.#parser.pause();
  }

  // What an exchange asks for and tells.

  mayPersist(): boolean {
    const { drainingSince, options } = this.#context;
    // Who sends no more may have sent another request before.
    const mayCome = !this.#halfClosed || this.#parser.buffered > 0;
    const isWelcome = drainingSince === undefined && !this.#context.isCrowded();
    return mayCome && isWelcome && options.keepAliveTimeoutMs > 0;
  }

  onRoom(): void {
    if (this.#wire.open) this.#parse();
  }

  onCompleted(exchange: Exchange): void {
    if (!exchange.response.persists) this.#finish();
    else if (exchange.requestComplete) this.#next();
    else exchange.input?.discard();
  }

  onBroken(exchange: Exchange): void {
    this.#wire.cut(exchange.response.untilClose);
  }

  upgrade(exchange: Exchange): UpgradedConnection {
    if (this.#exchange !== exchange || exchange.response.headSent || !this.#wire.open) {
      throw new ApplicationError('UPGRADE_TOO_LATE', 'the response has begun, or the client is gone');
    }
    exchange.leave();
    this.#exchange = undefined;
    const head = this.#parser.release();
    const socket = this.#wire.detach();
    this.#context.onHandedOver(this, socket);
    return { socket, head };
  }

  /** A client that knows that we speak HTTP/2 begins with its preface (RFC 9113 §3.3, §3.4). */
  #decide(bytes: Buffer): void {
    const opening = this.#opening.length === 0 ? bytes : Buffer.concat([this.#opening, bytes]);
    if (!mayBePreface(opening)) this.#decideForText(opening);
    else if (opening.length < PREFACE_BYTES) this.#keepOpening(opening);
    else this.#switchToHttp2(opening);
  }

  #decideForText(opening: Buffer): void {
    this.#undecided = false;
    this.#opening = NO_BYTES;
    this.#parse(opening);
  }

  #keepOpening(opening: Buffer): void {
    if (this.#opening.length === 0) this.since = this.#context.options.clock.now();
    // The memory is used again by the next read.
    this.#opening = Buffer.from(opening);
  }

  #switchToHttp2(opening: Buffer): void {
    this.#parser.close();
    const firstBytes = Buffer.from(opening);
    this.#context.onHttp2(this, this.#wire.detach(), this.#facts, firstBytes);
  }

  /** Goes on parsing, with new bytes or with those that were kept in a pause. */
  #parse(bytes?: Buffer): void {
    if (this.#parsing) {
      this.#again = true;
      return;
    }
    const silent = this.#exchange === undefined && this.#parser.idle;
    this.#parsing = true;
    this.output.hold();
    this.#feed(bytes);
    while (this.#again && this.#wire.open) this.#feed();
    this.output.release();
    this.#parsing = false;
    if (silent && this.stage === 'head') this.since = this.#context.options.clock.now();
    // What the parser keeps, it keeps until the answer before it is complete, or its body was read: so long no more.
    this.#wire.read(!(this.#parser.paused && this.#parser.buffered > 0));
    if (this.#halfClosed) this.#endInput();
  }

  #feed(bytes?: Buffer): void {
    this.#again = false;
    try {
      if (bytes === undefined) this.#parser.resume();
      else this.#parser.push(bytes);
    } catch (error) {
      this.#refuse(error);
    }
    if (!this.#deferred) return;
    this.#deferred = false;
    this.#exchange?.run();
  }

  /** Lets the next request come, which may be here already. */
  #next(): void {
    this.#exchange = undefined;
    this.#seasoned = true;
    this.since = this.#context.options.clock.now();
    if (this.output.full) this.#block();
    else if (this.#parser.paused) this.#parse();
  }

  /** Who sends requests and takes no answers must not make us keep them all. */
  #block(): void {
    this.#blocked = true;
    this.#parser.pause();
    this.output.onceDrained(() => {
      this.#blocked = false;
      this.since = this.#context.options.clock.now();
      if (this.#wire.open) this.#parse();
    });
  }

  #introduce(prelude: ProxyPrelude, bytes: Buffer): void {
    try {
      const introduction = prelude.push(bytes);
      if (introduction === undefined) return;
      this.#prelude = undefined;
      this.#facts = introduction.facts;
      if (introduction.rest.length > 0) this.onReceived(introduction.rest);
    } catch (err) {
      this.#context.options.log.warn('a connection without a PROXY header', {
        err,
        peer: this.#facts.remoteAddress,
      });
      this.#wire.destroy();
    }
  }

  /** The client sends no more: when all that it sent has been parsed, the last message must have been whole. */
  #endInput(): void {
    if (this.#parser.paused || !this.#wire.open) return;
    try {
      this.#parser.finish();
      if (this.#exchange === undefined) this.#finish();
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** The request cannot be read. */
  #refuse(error: unknown): void {
    const { status, reason, level } = faultOf(error);
    const details = { err: error, status, peer: this.#facts.remoteAddress };
    const message = level === 'error' ? 'the server failed to read a request' : 'a request was refused';
    this.#context.options.log[level](message, details);
    this.#answer(status, reason);
  }

  #expire(expiry: Expiry): void {
    if (expiry === 'idle') this.#finish();
    else if (expiry === 'write') this.destroy();
    else if (expiry === 'head')
      this.#answer(408, new RequestError('CLIENT_GONE', 'the head has taken too long'));
    else if (expiry === 'body')
      this.#answer(408, new RequestError('BODY_TOO_SLOW', 'the body comes too slowly'));
    else {
      this.#context.options.log.warn('a request has taken too long', this.#exchange?.describe());
      this.#answer(503, new RequestError('REQUEST_TIMEOUT', 'the request has taken too long'));
    }
  }

  /** Answers in the application's place, if that still can be, and closes. */
  #answer(status: number, reason: RequestError): void {
    const exchange = this.#exchange;
    exchange?.lose(reason);
    if (exchange?.responseComplete !== true) {
      if (exchange?.response.headSent) {
        // A body is on its way: anything more would be taken for a part of it.
        this.#wire.cut(exchange.response.untilClose);
        return;
      }
      const lines = this.#context.serverFields.lines(false, false);
      const page = this.#context.errorPage(status, exchange?.environ);
      this.output.text(refusal(page, lines, exchange?.head.method !== 'HEAD'));
    }
    this.#finish();
  }

  /** The last answer was given: what the client still sends is none of our business. */
  #finish(): void {
    this.#exchange?.input?.discard();
    this.#exchange = undefined;
    this.#parser.close();
    this.since = this.#context.options.clock.now();
    this.#wire.finish(this.since);
  }
}
