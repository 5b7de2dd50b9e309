import type { ConnectionFacts } from '@highball/environ';
import { RequestChecker } from '@highball/http-parser';
import { Buffer } from 'node:buffer';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { WorkerContext } from '../context.ts';
import { expiryOf, type Stage, type Watched } from '../deadlines.ts';
import type { Exchange } from '../exchange.ts';
import type { Answer, ServedConnection } from '../served-connection.ts';
import { ENHANCE_YOUR_CALM } from './codes.ts';
import { FloodGuard } from './flood-guard.ts';
import { startSession } from './session.ts';
import { RequestStream, type StreamOwner } from './stream.ts';

/** After so long a connection that got its last answer is not listened to any more. nginx: 5 s without bytes. */
const LINGER_MS = 5000;
/** A GOAWAY without an error, which names the highest stream there can be: it refuses none (RFC 9113 §6.8). */
const LAST_CALL: Buffer = Buffer.from('0000080700000000007fffffff00000000', 'hex');
/** How often a client is looked at that sends more than the application reads. */
const WATCH_MS = 50;

/** One client's connection that speaks HTTP/2 (RFC 9113): each of its streams is a request. */
export class Http2Connection implements ServedConnection, StreamOwner, Answer, Watched {
  readonly facts: ConnectionFacts;
  readonly checker: RequestChecker;
  readonly guard: FloodGuard;
  readonly #context: WorkerContext;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #streams = new Set<RequestStream>();
  /** Streams whose applications are slower than the client; as long as there are some it is watched. */
  #paused = 0;
  #stopWatch: (() => void) | undefined;
  /** Whether a request was answered: until then a connection that says nothing has less time. */
  #seasoned = false;
  /** The client was told that it should open no more streams. */
  #leaving = false;
  #lingeringSince = 0;
  /** When the stage began, by the worker's clock. */
  since: number;

  /** @param firstBytes - what was read of the connection already. */
  constructor(socket: Socket, facts: ConnectionFacts, context: WorkerContext, firstBytes?: Buffer) {
    const { options } = context;
    this.facts = facts;
    this.#socket = socket;
    this.#context = context;
    this.since = options.clock.now();
    this.checker = new RequestChecker(options.parser);
    this.guard = new FloodGuard(options.clock, 2 * options.http2MaxStreams);
    if (firstBytes !== undefined) socket.unshift(firstBytes);
    this.#session = startSession(socket, options);
    this.#session.on('stream', this.#onStream).on('error', this.#onError);
    socket.on('end', this.#onHalfClosed).on('close', this.#onClose);
    // One that was accepted paused has not been read from yet.
    socket.read(0);
  }

  get exchanges(): readonly Exchange[] {
    return [...this.#streams].flatMap(({ exchange }) => (exchange === undefined ? [] : [exchange]));
  }

  get answers(): readonly Answer[] {
    return this.#streams.size === 0 ? [this] : [...this.#streams];
  }

  /** The requests are those of the streams. */
  get exchange(): undefined {
    return undefined;
  }

  /** Answers wait in their streams. */
  get output(): Watched['output'] & Answer['output'] {
    return { written: this.#socket.bytesWritten, sent: true, lateMs: () => 0 };
  }

  get stage(): Stage {
    if (this.#session.destroyed) return 'lingering';
    if (this.#streams.size > 0) return 'exchange';
    return this.#seasoned ? 'idle' : 'first';
  }

  destroy(): void {
    this.#loseAll('the connection was closed');
    this.#session.destroy();
    this.#socket.destroy();
  }

  sweep(now: number, elapsedMs: number): void {
    const { options, drainingSince } = this.#context;
    for (const stream of this.#streams) stream.sweep(now, elapsedMs);
    this.#checkFlood();
    if (this.#session.destroyed) this.#linger(now);
    else if (this.#leaving) this.#leave(now);
    else if (drainingSince !== undefined && (this.#canAnnounce || this.#streams.size > 0)) this.finish();
    else if (expiryOf(this, now, elapsedMs, options, drainingSince) !== undefined) this.finish();
  }

  /** A connection is held up as little as the one of its streams that is held up least. */
  heldUpMs(now: number): number {
    return Math.min(...Array.from(this.#streams, (stream) => stream.heldUpMs(now)));
  }

  /**
   * Closes in good order (RFC 9113 §6.8): the client is asked to open no more streams; a round trip later, when those
   * that were on their way have come, it is told which is the last; then they come to their end.
   */
  finish(): void {
    if (this.#leaving || this.#session.destroyed) return;
    this.#leaving = true;
    this.since = this.#context.options.clock.now();
    if (!this.#canAnnounce) return this.#session.close();
    this.#socket.write(LAST_CALL);
    if (!this.#session.ping(() => this.#session.close())) this.#session.close();
  }

  onPaused(): void {
    this.#paused++;
    this.#stopWatch ??= this.#context.options.clock.every(WATCH_MS, () => this.#checkFlood());
  }

  onResumed(): void {
    if (--this.#paused === 0) this.#endWatch();
  }

  onStreamClosed(stream: RequestStream, takenBack: boolean): void {
    this.#streams.delete(stream);
    this.#seasoned = true;
    if (takenBack && this.guard.isResetTooMany()) this.#calm('it takes back too many requests');
    if (this.#streams.size > 0) return;
    this.since = this.#context.options.clock.now();
    // Others wait for its place, or connections are not kept.
    const isUnwanted = this.#context.isCrowded() || this.#context.options.keepAliveTimeoutMs === 0;
    if (isUnwanted) this.finish();
  }

  readonly #onStream = (
    stream: ServerHttp2Stream,
    _fields: unknown,
    _flags: number,
    section: string[],
  ): void => {
    this.guard.useful(section.reduce((bytes, text) => bytes + text.length, 0));
    // It was reset in the read in which it began: there is nobody to be answered. Its error is still to come.
    if (stream.closed || stream.destroyed) {
      stream.on('error', ignore);
      if (this.guard.isResetTooMany()) this.#calm('it takes back too many requests');
      return;
    }
    const request = new RequestStream(stream, this, this.#context);
    this.#streams.add(request);
    request.begin(section, stream.endAfterHeaders);
  };

  readonly #onError = (err: Error): void => {
    const { remoteAddress: peer } = this.facts;
    this.#context.options.log.debug('a connection of HTTP/2 has failed', { err, peer });
  };

  /** A client that sends no more cannot even take an answer: it has no windows to open. */
  readonly #onHalfClosed = (): void => this.destroy();

  readonly #onClose = (): void => {
    this.#endWatch();
    this.#loseAll('the client has left');
    this.#streams.clear();
    this.#context.onClosed(this);
  };

  /**
   * Whether the client can be told that the connection will end, before it does. To node:http2 any GOAWAY is the last, so
   * that it takes no stream after it; the first is written past it, a whole frame between its own. That can be done where
   * the kernel keeps writes in order, and not where TLS has a write of its own under way.
   */
  get #canAnnounce(): boolean {
    return !this.facts.encrypted && this.#socket.writable;
  }

  /** A client that does not answer the ping has had the time for it. */
  #leave(now: number): void {
    if (!this.#session.closed && now - this.since > this.#context.options.drainIdleMs) this.#session.close();
  }

  /** The last answer was given: the client is to close. */
  #linger(now: number): void {
    if (this.#lingeringSince === 0) this.#lingeringSince = now;
    if (now - this.#lingeringSince > LINGER_MS) this.#socket.destroy();
  }

  #checkFlood(): void {
    if (this.#session.destroyed) return;
    // A client that takes a long answer tells of it all the time, and not at its end.
    let underWay = 0;
    for (const { output } of this.#streams) underWay += output.written;
    if (this.guard.isFlood(this.#socket.bytesRead, underWay))
      this.#calm('it sends frames that bring nothing');
  }

  /** Ends the connection of a client that makes work and asks for nothing. */
  #calm(reason: string): void {
    if (this.#session.destroyed) return;
    const { remoteAddress: peer } = this.facts;
    this.#context.options.log.warn('a connection of HTTP/2 was ended', { peer, reason });
    this.#loseAll('the connection was ended');
    this.#session.goaway(ENHANCE_YOUR_CALM);
    this.#session.destroy();
  }

  #loseAll(why: string): void {
    for (const stream of this.#streams) stream.lose(why);
  }

  #endWatch(): void {
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }
}

function ignore(): void {
  // The close that goes with it is what counts.
}
