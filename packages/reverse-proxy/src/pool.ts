import type { Socket } from 'node:net';
import { CgiWire, FastCgiWire } from './cgi-wire.ts';
import { type ConnectionKeeper, UpstreamConnection } from './connection.ts';
import { unreachable, type UpstreamError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { HttpWire } from './http-wire.ts';
import { readyEvent } from './open.ts';
import type { ResolvedOptions } from './options.ts';
import { SessionPool } from './http2/session-pool.ts';
import type { UpstreamProtocol, UpstreamTarget } from './upstream.ts';
import type { WireFactory } from './wire.ts';

/** What becomes of a connection that is opened. */
export interface Opening {
  onOpen(connection: Exchange): void;
  onFailed(error: UpstreamError): void;
}

/** What speaks over a connection of each request's own. */
type OwnConnection = Exclude<UpstreamProtocol, 'h2'>;

/** What a new connection is to be like. */
export interface OpenHow {
  /** Not one that has served others already. */
  readonly fresh: boolean;
  /** Not one that nothing was heard of for longer, unless it shows that it is alive. */
  readonly maxIdleMs: number;
  /** What it begins with: a PROXY header. */
  readonly preface: Uint8Array | undefined;
}

/** The upstream's own limit is kept away from by so much: its FIN may be on its way already. */
const SAFETY_MS = 1000;

/** From so many upstreams on those without connections are forgotten: who discovers them may bring ever new ones. */
const MAX_UPSTREAMS = 4096;

/** An upstream as the pool sees it. */
class Place implements ConnectionKeeper {
  readonly wire: WireFactory;
  readonly idle: UpstreamConnection[] = [];
  readonly now: () => number;
  readonly batches: boolean;
  /** Whether nobody looks for connections here any more. */
  forgotten = false;
  readonly #options: ResolvedOptions;
  readonly #onIdle: () => void;

  constructor(wire: WireFactory, options: ResolvedOptions, onIdle: () => void) {
    this.wire = wire;
    this.now = options.now;
    this.batches = options.batchWrites;
    this.#options = options;
    this.#onIdle = onIdle;
  }

  onFree(connection: UpstreamConnection, keepForMs: number, now: number): void {
    const { maxIdle, idleTimeoutMs, proxyProtocol } = this.#options;
    // A PROXY header has said for whom a connection is: nobody else may use it.
    if (proxyProtocol !== undefined || this.forgotten || this.idle.length >= maxIdle || idleTimeoutMs === 0) {
      connection.socket.destroy();
      return;
    }
    const keepMs = keepForMs > 2 * SAFETY_MS ? keepForMs - SAFETY_MS : keepForMs / 2;
    connection.freeSince = now;
    connection.keepUntil = now + Math.min(idleTimeoutMs, keepMs);
    this.idle.push(connection);
    this.#onIdle();
  }

  onGone(connection: UpstreamConnection): void {
    const index = this.idle.indexOf(connection);
    if (index !== -1) this.idle.splice(index, 1);
  }
}

/** Connections that wait for a request. The last one used is the first taken: it is the surest to be alive. */
export class Pool {
  readonly #options: ResolvedOptions;
  readonly #places = new Map<UpstreamTarget, Place>();
  readonly #sessions = new Map<UpstreamTarget, SessionPool>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /**
   * A connection that is open, if there is one.
   * @param maxIdleMs - not one that has been idle for longer.
   */
  take(target: UpstreamTarget, maxIdleMs: number, now: number): UpstreamConnection | undefined {
    const idle = this.#places.get(target)?.idle;
    if (idle === undefined || idle.length === 0) return undefined;
    const last = idle.at(-1) as UpstreamConnection;
    // The last one used is the one that has been idle for the shortest time.
    if (now - last.freeSince > maxIdleMs || now >= last.keepUntil) return undefined;
    return idle.pop();
  }

  /** Opens a connection, or a stream of one that is shared. @returns what gives it up. */
  open(target: UpstreamTarget, name: string, how: OpenHow, opening: Opening): () => void {
    const { protocol } = target;
    if (protocol === 'h2') return this.#sessionsOf(target, name).open(how, opening);
    const place = this.#place(target, protocol, name);
    let socket: Socket;
    try {
      socket = this.#options.connect(target, how.preface);
    } catch (error) {
      opening.onFailed(unreachable(name, error as Error));
      return () => undefined;
    }
    const onError = (error: Error): void => {
      socket.destroy();
      opening.onFailed(unreachable(name, error));
    };
    const onClose = (): void => opening.onFailed(unreachable(name, new Error('the connection was closed')));
    const ready = readyEvent(socket);
    const onReady = (): void => {
      socket.off('error', onError).off('close', onClose);
      const connection = new UpstreamConnection(socket, place.wire, place);
      opening.onOpen(connection);
    };
    socket.once('error', onError).once('close', onClose).once(ready, onReady);
    return () => {
      socket.off('close', onClose).off(ready, onReady);
      socket.destroy();
    };
  }

  #place(target: UpstreamTarget, protocol: OwnConnection, name: string): Place {
    let place = this.#places.get(target);
    if (place === undefined) {
      if (this.#places.size >= MAX_UPSTREAMS) this.#forgetUnused();
      place = new Place(this.#wireOf(protocol, name), this.#options, () => this.#watch());
      this.#places.set(target, place);
    }
    return place;
  }

  #sessionsOf(target: UpstreamTarget, name: string): SessionPool {
    let sessions = this.#sessions.get(target);
    if (sessions === undefined) {
      if (this.#sessions.size >= MAX_UPSTREAMS) this.#forgetUnused();
      sessions = new SessionPool(target, name, this.#options);
      this.#sessions.set(target, sessions);
    }
    return sessions;
  }

  #forgetUnused(): void {
    for (const [target, place] of this.#places) {
      if (place.idle.length > 0) continue;
      // It may have connections that are in use.
      place.forgotten = true;
      this.#places.delete(target);
    }
    for (const [target, { unused }] of this.#sessions) if (unused) this.#sessions.delete(target);
  }

  #wireOf(protocol: OwnConnection, name: string): WireFactory {
    const { log } = this.#options;
    if (protocol === 'http') return (handler) => new HttpWire(handler);
    if (protocol !== 'fastcgi') return (handler) => new CgiWire(protocol, handler, this.#options);
    const onStderr = (text: string): void =>
      log.warn({ upstream: name, code: 'STDERR' }, text.trimEnd().slice(0, 2048));
    return (handler) => new FastCgiWire(handler, this.#options, onStderr);
  }

  /** Idle connections are looked at every now and then; a timer for each would cost each request two calls. */
  #watch(): void {
    if (this.#timer !== undefined) return;
    const everyMs = Math.min(1000, Math.max(10, this.#options.idleTimeoutMs / 4));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#closeStale()) this.#watch();
    }, everyMs).unref();
  }

  /** @returns whether any is left. */
  #closeStale(): boolean {
    const now = this.#options.now();
    let left = false;
    for (const place of this.#places.values()) {
      for (const connection of place.idle.filter(({ keepUntil }) => now >= keepUntil)) {
        place.onGone(connection);
        connection.socket.destroy();
      }
      left ||= place.idle.length > 0;
    }
    return left;
  }
}
