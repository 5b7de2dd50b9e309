import { unreachable, UpstreamError } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import type { ResolvedOptions } from '../options.ts';
import type { UpstreamTarget } from '../upstream.ts';
import { openSession } from './open-session.ts';
import { type SessionKeeper, UpstreamSession } from './session.ts';

/** Who waits for a stream. */
export interface StreamOpening {
  onOpen(exchange: Exchange): void;
  onFailed(error: UpstreamError): void;
}

/** What the stream is to be like. */
export interface StreamHow {
  /** Not over a connection that has served others. */
  readonly fresh: boolean;
  /** Over one that was silent for longer only when it shows that it is alive. */
  readonly maxIdleMs: number;
}

/** More than this do not wait for an upstream's connections. */
const MAX_WAITING = 1024;

/** The connections of HTTP/2 to one upstream, and the requests that wait for them. */
export class SessionPool implements SessionKeeper {
  readonly now: () => number;
  readonly #target: UpstreamTarget;
  readonly #name: string;
  readonly #options: ResolvedOptions;
  readonly #sessions: UpstreamSession[] = [];
  readonly #waiting: StreamOpening[] = [];
  /** Connections on their way. */
  #opening = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param name - the address, for messages. */
  constructor(target: UpstreamTarget, name: string, options: ResolvedOptions) {
    this.#target = target;
    this.#name = name;
    this.#options = options;
    this.now = options.now;
  }

  /** Finds a stream, at once or later. @returns what gives it up. */
  open({ fresh, maxIdleMs }: StreamHow, opening: StreamOpening): () => void {
    if (fresh) return this.#openFresh(opening);
    const session = this.#waiting.length === 0 ? this.#choose() : undefined;
    if (session === undefined) return this.#wait(opening);
    if (this.now() - session.heardAt > maxIdleMs) return this.#prove(session, opening);
    opening.onOpen(session.reserve());
    return () => undefined;
  }

  // What a session tells.

  onRoom(session: UpstreamSession): void {
    if (session.active === 0 && this.#keepsNone()) session.end(undefined);
    else this.#serve();
  }

  onGone(session: UpstreamSession): void {
    const index = this.#sessions.indexOf(session);
    if (index === -1) return;
    this.#sessions.splice(index, 1);
    this.#serve();
  }

  /** The fullest that has room: the others get to be unused, and end. */
  #choose(): UpstreamSession | undefined {
    let chosen: UpstreamSession | undefined;
    for (const session of this.#sessions) {
      if (session.hasRoom && (chosen === undefined || session.active > chosen.active)) chosen = session;
    }
    return chosen;
  }

  #wait(opening: StreamOpening): () => void {
    const waiting = this.#waiting;
    if (waiting.length >= MAX_WAITING) {
      opening.onFailed(
        unreachable(this.#name, new Error(`${MAX_WAITING} requests wait for its connections`)),
      );
      return () => undefined;
    }
    waiting.push(opening);
    this.#grow();
    return () => {
      const index = waiting.indexOf(opening);
      if (index !== -1) waiting.splice(index, 1);
    };
  }

  /** A request that could not be sent twice does not go to a connection that may be dead. */
  #prove(session: UpstreamSession, opening: StreamOpening): () => void {
    const exchange = session.reserve();
    let over = false;
    session.prove((alive) => {
      if (over) return;
      over = true;
      if (alive && session.open) {
        opening.onOpen(exchange);
        return;
      }
      exchange.discard();
      cancel = this.#wait(opening);
    });
    let cancel = (): void => {
      if (over) return;
      over = true;
      exchange.discard();
    };
    return () => cancel();
  }

  #openFresh(opening: StreamOpening): () => void {
    let over = false;
    if (!this.#mayGrow()) {
      opening.onFailed(unreachable(this.#name, new Error('it has as many connections as it may have')));
      return () => undefined;
    }
    this.#openSession(
      (session) => {
        if (!over) opening.onOpen(session.reserve());
      },
      (error) => {
        if (!over) opening.onFailed(this.#failed(error));
      },
    );
    return () => (over = true);
  }

  /** Gives room to those who wait, in their order; opens a connection for the rest. */
  #serve(): void {
    for (;;) {
      const session = this.#waiting.length === 0 ? undefined : this.#choose();
      if (session === undefined) break;
      this.#waiting.shift()?.onOpen(session.reserve());
    }
    this.#grow();
  }

  #grow(): void {
    const { maxStreams } = this.#options.http2;
    while (this.#waiting.length > this.#opening * maxStreams && this.#mayGrow()) {
      this.#openSession(
        () => undefined,
        (error) => this.#failWaiting(error),
      );
    }
  }

  /** Of an upstream that allows no streams at all, no more connections are opened. */
  #mayGrow(): boolean {
    const open = this.#sessions.filter((session) => session.open);
    if (open.some(({ limit }) => limit === 0)) return false;
    return open.length + this.#opening < this.#options.http2.maxSessions;
  }

  #openSession(onOpen: (session: UpstreamSession) => void, onFailed: (error: Error) => void): void {
    this.#opening++;
    openSession(this.#target, this.#options, {
      onOpen: (session, socket) => {
        this.#opening--;
        const opened = new UpstreamSession(
          { session, socket, target: this.#target },
          this.#options.http2,
          this,
        );
        this.#sessions.push(opened);
        this.#watch();
        onOpen(opened);
        this.#serve();
      },
      onFailed: (error) => {
        this.#opening--;
        onFailed(error);
      },
    });
  }

  /** Where no connection is left or on its way, nobody is to wait for one. */
  #failWaiting(error: Error): void {
    if (this.#opening > 0 || this.#sessions.some((session) => session.open)) return;
    for (const opening of this.#waiting.splice(0)) opening.onFailed(this.#failed(error));
  }

  /** An error of each request's own. */
  #failed(error: Error): UpstreamError {
    if (!(error instanceof UpstreamError)) return unreachable(this.#name, error);
    return new UpstreamError(error.code, error.message, { cause: error });
  }

  #keepsNone(): boolean {
    const { idleTimeoutMs, maxIdle } = this.#options;
    return idleTimeoutMs === 0 || maxIdle === 0;
  }

  /** All connections are looked at every now and then. */
  #watch(): void {
    const { idleTimeoutMs, http2 } = this.#options;
    const shortestMs = Math.min(idleTimeoutMs, http2.pingAfterMs || Infinity);
    const everyMs = Math.min(1000, Math.max(10, shortestMs / 4));
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const now = this.now();
      for (const session of this.#sessions.slice()) session.sweep(now, idleTimeoutMs);
      if (this.#sessions.length > 0) this.#watch();
    }, everyMs).unref();
  }
}
