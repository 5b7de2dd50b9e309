import type { ConnectionFacts } from '@highball/environ';
import { RequestChecker } from '@highball/http-parser';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { WorkerContext } from '../context.ts';
import type { Stage } from '../deadlines.ts';
import { RequestError } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { Answer, ServedConnection } from '../served-connection.ts';
import { startSession } from './session.ts';
import { RequestStream, type StreamOwner } from './stream.ts';

/** After so long a connection that got its last answer is not listened to any more. nginx: 5 s without bytes. */
const LINGER_MS = 5000;

/** One client's connection that speaks HTTP/2: each of its streams is a request. */
export class Http2Connection implements ServedConnection, StreamOwner, Answer {
  readonly facts: ConnectionFacts;
  readonly checker: RequestChecker;
  readonly #context: WorkerContext;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #streams = new Set<RequestStream>();
  #seasoned = false;
  /** No stream begins any more. */
  #leaving = false;
  since: number;

  /** @param firstBytes - what was read of the connection already. */
  constructor(socket: Socket, facts: ConnectionFacts, context: WorkerContext, firstBytes?: Buffer) {
    this.facts = facts;
    this.#socket = socket;
    this.#context = context;
    this.since = context.options.clock.now();
    this.checker = new RequestChecker(context.options.parser);
    if (firstBytes !== undefined) socket.unshift(firstBytes);
    this.#session = startSession(socket, context.options);
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

  get exchange(): undefined {
    return undefined;
  }

  get output(): { readonly written: number; readonly sent: boolean } {
    return { written: this.#socket.bytesWritten, sent: true };
  }

  get stage(): Stage {
    if (this.#session.destroyed) return 'lingering';
    if (this.#streams.size > 0) return 'exchange';
    return this.#seasoned ? 'idle' : 'first';
  }

  destroy(): void {
    for (const stream of this.#streams)
      stream.lose(new RequestError('CLIENT_GONE', 'the connection was closed'));
    this.#session.destroy();
    this.#socket.destroy();
  }

  sweep(now: number, elapsedMs: number): void {
    const { options, drainingSince } = this.#context;
    for (const stream of this.#streams) stream.sweep(now, elapsedMs);
    const { stage, since } = this;
    if (stage === 'lingering' && now - since > LINGER_MS) this.#socket.destroy();
    if (drainingSince !== undefined) this.finish();
    const idleMs = stage === 'first' ? options.headTimeoutMs : options.keepAliveTimeoutMs;
    if ((stage === 'idle' || stage === 'first') && now - since > idleMs) this.finish();
  }

  heldUpMs(now: number): number {
    return Math.min(...Array.from(this.#streams, (stream) => stream.heldUpMs(now)));
  }

  /** Lets the streams under way come to their end, and no more begin. */
  finish(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.since = this.#context.options.clock.now();
    this.#session.close();
  }

  onStreamClosed(stream: RequestStream): void {
    this.#streams.delete(stream);
    this.#seasoned = true;
    if (this.#streams.size === 0) this.since = this.#context.options.clock.now();
  }

  readonly #onStream = (
    stream: ServerHttp2Stream,
    _fields: unknown,
    _flags: number,
    section: string[],
  ): void => {
    const request = new RequestStream(stream, this, this.#context);
    if (stream.destroyed) return;
    this.#streams.add(request);
    request.begin(section, stream.endAfterHeaders);
  };

  readonly #onError = (err: Error): void => {
    this.#context.options.log.debug('a connection of HTTP/2 has failed', {
      err,
      peer: this.facts.remoteAddress,
    });
  };

  /** What is complete is answered; the rest of the others will not come. */
  readonly #onHalfClosed = (): void => {
    for (const stream of this.#streams) stream.onHalfClosed();
    this.finish();
  };

  readonly #onClose = (): void => {
    for (const stream of this.#streams) stream.lose(new RequestError('CLIENT_GONE', 'the client has left'));
    this.#streams.clear();
    this.#context.onClosed(this);
  };
}
