import type { ConnectionFacts } from '@highball/environ';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { WorkerContext } from '../context.ts';
import { expiryOf, type Stage, type Watched } from '../deadlines.ts';
import { refusal } from '../error-page.ts';
import type { Exchange } from '../exchange.ts';
import type { ProxyPrelude } from '../proxy-prelude.ts';
import type { Answer, ServedConnection } from '../served-connection.ts';
import { Wire, type WireHandler } from '../wire.ts';
import type { Terminator } from './terminator.ts';
import { tlsVariables } from './variables.ts';

/** What a handshake tells the worker. */
export interface HandshakeOwner {
  /** It is over: from now on the connection is one like any other. */
  onSecure(handshake: Handshake, socket: TLSSocket, facts: ConnectionFacts): void;
  /** It has failed, and its connection is gone. */
  onHandshakeClosed(handshake: Handshake): void;
}

/** The type of the records that a handshake is made of (RFC 8446 §5.1), and what a request line begins with. */
const HANDSHAKE_RECORD = 22;
const isLetter = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;

/** Nothing is sent that a client might be slow to take. */
const NO_EXCHANGES: readonly Exchange[] = [];
const NO_OUTPUT = { lateMs: () => 0, written: 0, sent: true };

/**
 * A connection from its beginning to the end of its TLS handshake. As long as it has not said anything nothing is made
 * for it: the memory that TLS takes is for those who speak TLS.
 */
export class Handshake implements ServedConnection, Watched, WireHandler {
  /** There is no request before there is a connection. */
  readonly exchange: undefined = undefined;
  readonly exchanges: readonly Exchange[] = NO_EXCHANGES;
  readonly since: number;
  readonly #socket: Socket;
  readonly #terminator: Terminator;
  readonly #context: WorkerContext;
  readonly #owner: HandshakeOwner;
  #facts: ConnectionFacts;
  #prelude: ProxyPrelude | undefined;
  #secure: TLSSocket | undefined;
  #failed = false;
  /** Of a client that is refused with an answer. */
  #wire: Wire | undefined;

  /** @param socket - not read from yet. */
  constructor(
    socket: Socket,
    facts: ConnectionFacts,
    terminator: Terminator,
    context: WorkerContext,
    owner: HandshakeOwner,
  ) {
    this.#socket = socket;
    this.#facts = facts;
    this.#terminator = terminator;
    this.#context = context;
    this.#owner = owner;
    this.#prelude = context.startPrelude(facts);
    this.since = context.options.clock.now();
    socket.on('data', this.#onBytes).on('end', this.#onEnd).on('error', ignore).on('close', this.#onClose);
    socket.resume();
  }

  get stage(): Stage {
    return this.#wire === undefined ? 'first' : 'lingering';
  }

  get answers(): readonly Answer[] {
    return [this];
  }

  get output(): typeof NO_OUTPUT | Wire['output'] {
    return this.#wire?.output ?? NO_OUTPUT;
  }

  heldUpMs(): number {
    return 0;
  }

  destroy(): void {
    this.#secure?.destroy();
    this.#socket.destroy();
  }

  /** It has as long as a connection that says nothing of its first request. */
  sweep(now: number, elapsedMs: number): void {
    const { options, drainingSince } = this.#context;
    const expired = expiryOf(this, now, elapsedMs, options, drainingSince) !== undefined;
    if (expired && this.#wire === undefined) this.#fail('it has taken too long');
    else if (expired || this.#wire?.hasLingered(now)) this.destroy();
  }

  // What the wire of a client that was refused tells.

  onReceived(): void {
    // It was told that nothing more will be looked at.
  }

  onHalfClosed(): void {
    // It is closed anyway.
  }

  onClosed(): void {
    this.#owner.onHandshakeClosed(this);
  }

  readonly #onBytes = (bytes: Buffer): void => {
    const first = this.#prelude === undefined ? bytes : this.#introduce(this.#prelude, bytes);
    if (first === undefined || first.length === 0) return;
    const type = first[0] as number;
    if (type === HANDSHAKE_RECORD) this.#begin(first);
    else if (isLetter(type)) this.#refuse(this.#leaveSocket(), 'plain HTTP was sent to an HTTPS port');
    else this.#fail('the client does not speak TLS');
  };

  /** Reads what a proxy says first; what stands behind is its client's. */
  #introduce(prelude: ProxyPrelude, bytes: Buffer): Buffer | undefined {
    try {
      const introduction = prelude.push(bytes);
      if (introduction === undefined) return undefined;
      this.#prelude = undefined;
      this.#facts = introduction.facts;
      return introduction.rest;
    } catch (err) {
      const { remoteAddress: peer } = this.#facts;
      this.#context.options.log.warn('a connection without a PROXY header', { err, peer });
      this.destroy();
      return undefined;
    }
  }

  #begin(first: Buffer): void {
    const socket = this.#leaveSocket();
    socket.pause();
    socket.unshift(first);
    this.#secure = this.#terminator
      .start(socket, first)
      .on('secure', this.#onSecure)
      .on('_tlsError', this.#onError)
      .on('end', this.#onEnd)
      .on('close', this.#onClose);
  }

  /** From now on somebody else listens to the socket. */
  #leaveSocket(): Socket {
    return this.#socket.off('data', this.#onBytes).off('end', this.#onEnd).off('close', this.#onClose);
  }

  readonly #onSecure = (): void => {
    const secure = this.#secure;
    if (secure === undefined || secure.destroyed) return;
    const verdict = this.#terminator.finish(secure);
    const isAdmitted = this.#terminator.admits(verdict);
    const problem =
      verdict === 'NONE' ? 'no client certificate was sent' : 'the client certificate is refused';
    // A client that expects frames would not understand the answer.
    if (!isAdmitted && secure.alpnProtocol === 'h2') return this.#fail(problem);
    secure.off('secure', this.#onSecure).off('_tlsError', this.#onError);
    secure.off('end', this.#onEnd).off('close', this.#onClose);
    if (isAdmitted) {
      const variables = tlsVariables(secure, verdict);
      this.#owner.onSecure(this, secure, { ...this.#facts, encrypted: true, variables });
    } else {
      this.#terminator.failed(this.#facts.remoteAddress, `${problem} (${verdict})`);
      this.#refuse(secure, problem);
    }
  };

  readonly #onError = (error: Error): void => this.#fail(error.message);

  readonly #onEnd = (): void => this.#fail('the client has left');

  readonly #onClose = (): void => this.#owner.onHandshakeClosed(this);

  #fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#terminator.failed(this.#facts.remoteAddress, reason);
    this.destroy();
  }

  /** Answers whoever can read it, and closes. */
  #refuse(socket: Socket, problem: string): void {
    const { serverFields, options } = this.#context;
    const wire = new Wire(socket, this);
    this.#wire = wire;
    const page = {
      status: '400 Bad Request',
      headers: [['Content-Type', 'text/plain; charset=utf-8']] as [string, string][],
      body: `400 Bad Request: ${problem}\n`,
    };
    wire.output.text(refusal(page, serverFields.lines(false, false), true));
    wire.finish(options.clock.now());
  }
}

function ignore(): void {
  // The close that follows is what counts.
}
