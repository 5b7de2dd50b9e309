import { compileAddresses, type ConnectionFacts, createEnvironBuilder } from '@highball/environ';
import type { Application } from '@highball/gateway-protocol';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  Acceptor,
  type AcceptorOwner,
  type ListeningAddress,
  type ListenTarget,
  type Origin,
} from './acceptor.ts';
import { Connection } from './connection.ts';
import type { WorkerContext } from './context.ts';
import { checkedPages } from './error-page.ts';
import { RequestError, WorkerOptionError } from './errors.ts';
import { createErrorStream } from './error-stream.ts';
import { SERVER_KEYS } from './exchange.ts';
import { type ResolvedOptions, resolveOptions, type WorkerOptions } from './options.ts';
import { Http2Connection } from './http2/connection.ts';
import { ProxyPrelude } from './proxy-prelude.ts';
import { sourceOf } from './request-source.ts';
import type { Answer, ServedConnection } from './served-connection.ts';
import { ServerFields } from './server-fields.ts';
import { LazySignal } from './lazy-signal.ts';
import { findSpare } from './spare.ts';
import { StillWriting } from './still-writing.ts';
import { collectStats, type WorkerStats } from './stats.ts';
import { DRAIN_PERIOD_MS, Sweeper, sweepPeriod } from './sweeper.ts';
import { Handshake, type HandshakeOwner } from './tls/handshake.ts';
import { Terminator } from './tls/terminator.ts';
import { withVariables } from './uwsgi-environ.ts';

/** Serves one application on any number of sockets. */
export interface Worker {
  /**
   * Starts to accept; may be called several times.
   * @throws the error of the system: EADDRINUSE, EACCES…; WorkerOptionError for TLS without a certificate.
   */
  listen(target: ListenTarget): Promise<ListeningAddress>;
  /**
   * Stops without losing anything: connections that had come are served, every response from now on says
   * `Connection: close`, and idle connections are kept for a moment. Resolves when all are gone.
   * @param graceMs - after so long the rest is cut off. @default 30_000 (gunicorn's graceful_timeout)
   */
  drain(graceMs?: number): Promise<void>;
  /**
   * The same for a worker that others have replaced, while the server goes on. After `graceMs` it cuts off requests
   * that have no answer yet, and answers of which nothing was written for as long; it keeps the others, and the
   * connections that the application has taken over (WebSockets), until they end, or {@link drain} or {@link close} is
   * called: not before that is `highball.draining` aborted.
   * @param graceMs - @default 30_000
   */
  retire(graceMs?: number): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
  /**
   * Leaves the connections that come to other workers on the same inherited sockets, until {@link release}: for a
   * worker that has more than its share (see `onConnections`). Sockets of its own go on accepting.
   */
  hold(): void;
  /** Accepts again, as far as there is room. */
  release(): void;
  stats(): WorkerStats;
}

/** gunicorn's graceful_timeout. */
const GRACE_MS = 30_000;

/**
 * Makes a worker for an application; it listens nowhere yet.
 * @throws WorkerOptionError, EnvironOptionError, LocalProtocolError when an option makes no sense.
 */
export function createWorker(app: Application, options: WorkerOptions = {}): Worker {
  return new AsyncWorker(app, resolveOptions(options));
}

class AsyncWorker implements Worker, AcceptorOwner, HandshakeOwner {
  readonly #options: ResolvedOptions;
  readonly #acceptor: Acceptor;
  readonly #connections = new Set<ServedConnection>();
  /** Connections that applications have taken over; they count, but are not looked after any more. */
  readonly #handedOver = new Set<Socket>();
  readonly #sweeper: Sweeper;
  readonly #context: WorkerContext;
  readonly #terminator: Terminator | undefined;
  readonly #drainSignal = new LazySignal();
  #requests = 0;
  #drainingSince: number | undefined;
  #draining: Promise<void> | undefined;
  /** When what is left is cut off. */
  #cutAt = 0;
  /** As long as it is retired, and not told to stop. */
  #retired: { readonly graceMs: number; readonly writing: StillWriting } | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(app: Application, options: ResolvedOptions) {
    this.#options = options;
    const { tls, http2, log, clock } = options;
    const protocols = http2 ? ['h2', 'http/1.1'] : ['http/1.1'];
    this.#terminator = tls && new Terminator(tls, protocols, log, clock);
    this.#acceptor = new Acceptor(this, log, clock, tls !== undefined);
    this.#sweeper = new Sweeper(clock, this.#connections, () => {
      this.#acceptor.sweep();
      if (this.#acceptor.crowded) this.makeRoom();
    });
    this.#context = this.#makeContext(app);
  }

  async listen(target: ListenTarget): Promise<ListeningAddress> {
    if (target.tls === true && this.#terminator === undefined)
      throw new WorkerOptionError(
        'a target speaks TLS, but the worker has no certificate: give it the option tls',
      );
    const address = await this.#acceptor.listen(target);
    if (this.#drainingSince === undefined) this.#sweeper.start(sweepPeriod(this.#options));
    return address;
  }

  drain(graceMs = GRACE_MS): Promise<void> {
    if (this.#draining === undefined || this.#retired !== undefined) this.#cutAfter(graceMs);
    this.#retired = undefined;
    this.#draining ??= this.#drain();
    this.#tellStopping();
    return this.#draining;
  }

  retire(graceMs = GRACE_MS): Promise<void> {
    if (this.#draining === undefined) {
      this.#retired = { graceMs, writing: new StillWriting() };
      this.#retired.writing.silent(answersOf(this.#connections));
      this.#cutAfter(graceMs);
      this.#draining = this.#drain();
    }
    return this.#draining;
  }

  close(): Promise<void> {
    this.#acceptor.close();
    this.#tellStopping();
    const empty = this.#untilEmpty();
    this.#cutOff();
    return empty;
  }

  hold(): void {
    this.#acceptor.hold();
  }

  release(): void {
    this.#acceptor.release();
  }

  stats(): WorkerStats {
    return collectStats({
      connections: this.#connections,
      handedOver: this.#handedOver.size,
      waiting: this.#acceptor.waiting,
      requests: this.#requests,
      now: this.#options.clock.now(),
    });
  }

  hasRoom(): boolean {
    return this.#connections.size + this.#handedOver.size < this.#options.workerConnections;
  }

  makeRoom(): boolean {
    const spare = findSpare(this.#connections, this.#options.clock.now(), this.#acceptor.waiting);
    for (const connection of spare) connection.destroy();
    return spare.length > 0;
  }

  onConnection(socket: Socket, { unix, secure }: Origin): void {
    const facts = connectionFacts(socket, unix);
    // A client that has gone again before it was accepted has no address, and nothing to be served.
    if (facts === undefined) socket.destroy();
    else {
      this.#connections.add(
        secure && this.#terminator !== undefined
          ? new Handshake(socket, facts, this.#terminator, this.#context, this)
          : new Connection(socket, facts, this.#context),
      );
      this.#countConnections();
    }
  }

  onSecure(handshake: Handshake, socket: TLSSocket, facts: ConnectionFacts): void {
    this.#connections.delete(handshake);
    this.#connections.add(
      socket.alpnProtocol === 'h2'
        ? new Http2Connection(socket, facts, this.#context)
        : new Connection(socket, facts, this.#context),
    );
  }

  onHandshakeClosed(handshake: Handshake): void {
    this.#connections.delete(handshake);
    this.#onGone();
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options;
    this.#drainingSince = clock.now();
    this.#sweeper.start(DRAIN_PERIOD_MS);
    const stopWatch = clock.every(DRAIN_PERIOD_MS, () => {
      if (clock.now() >= this.#cutAt) this.#cutWhatIsLeft();
    });
    await this.#acceptor.finish();
    await this.#untilEmpty();
    stopWatch();
  }

  #tellStopping(): void {
    this.#drainSignal.abort(new RequestError('SERVER_STOPPING', 'the server is stopping'));
  }

  #cutAfter(graceMs: number): void {
    this.#cutAt = this.#options.clock.now() + graceMs;
  }

  #cutWhatIsLeft(): void {
    if (this.#retired === undefined) return this.#cutOff();
    const { graceMs, writing } = this.#retired;
    this.#acceptor.close();
    for (const answer of writing.silent(answersOf(this.#connections))) answer.destroy();
    this.#cutAfter(graceMs);
  }

  #untilEmpty(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#onEmpty;
      this.#onEmpty = () => {
        before?.();
        resolve();
      };
      this.#checkEmpty();
    });
  }

  #checkEmpty(): void {
    const open = this.#connections.size + this.#handedOver.size + this.#acceptor.waiting;
    if (open > 0 || this.#onEmpty === undefined) return;
    this.#sweeper.stop();
    this.#onEmpty();
  }

  #cutOff(): void {
    this.#acceptor.close();
    for (const connection of this.#connections) connection.destroy();
    for (const socket of this.#handedOver) socket.destroy();
  }

  #onClosed(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.#onGone();
  }

  #onGone(): void {
    this.#countConnections();
    this.#acceptor.onRoom();
    this.#checkEmpty();
  }

  #countConnections(): void {
    this.#options.onConnections?.(this.#connections.size + this.#handedOver.size);
  }

  #onHandedOver(connection: ServedConnection, socket: Socket): void {
    this.#connections.delete(connection);
    this.#handedOver.add(socket);
    socket.once('close', () => {
      this.#handedOver.delete(socket);
      this.#onGone();
    });
  }

  #makeContext(app: Application): WorkerContext {
    const { environ, errorPage, log, serverName, proxyProtocol, proxyAllowIps } = this.#options;
    const isProxy = compileAddresses(proxyAllowIps);
    const reservedKeys = [...SERVER_KEYS, ...(environ.reservedKeys ?? [])];
    const buildEnviron = createEnvironBuilder({ ...environ, reservedKeys });
    const isCrowded = (): boolean => this.#acceptor.crowded;
    const drainingSince = (): number | undefined => this.#drainingSince;
    return {
      app,
      options: this.#options,
      startSource: sourceOf(this.#options),
      buildEnviron: this.#options.protocol === 'uwsgi' ? withVariables(buildEnviron) : buildEnviron,
      errorStream: createErrorStream(log),
      serverFields: new ServerFields(serverName),
      errorPage: checkedPages(errorPage, log),
      get drainingSince() {
        return drainingSince();
      },
      draining: () => this.#drainSignal.signal,
      isCrowded,
      startPrelude: (facts) =>
        // What came ahead of a handshake has been read.
        proxyProtocol === 'off' || facts.encrypted
          ? undefined
          : new ProxyPrelude(facts, proxyProtocol, isProxy),
      onRequest: () => void this.#requests++,
      onClosed: (connection) => this.#onClosed(connection),
      onHandedOver: (connection, socket) => this.#onHandedOver(connection, socket),
      onHttp2: (connection, socket, facts, firstBytes) => {
        this.#connections.delete(connection);
        this.#connections.add(new Http2Connection(socket, facts, this.#context, firstBytes));
      },
    };
  }
}

function* answersOf(connections: Iterable<ServedConnection>): Iterable<Answer> {
  for (const connection of connections) yield* connection.answers;
}

function connectionFacts(socket: Socket, unix: boolean): ConnectionFacts | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (!unix && remoteAddress === undefined) return undefined;
  return {
    remoteAddress: remoteAddress ?? '',
    remotePort: remotePort ?? 0,
    localAddress: localAddress ?? '',
    localPort: localPort ?? 0,
    encrypted: false,
    unix,
  };
}
