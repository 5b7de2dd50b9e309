import type { ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
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

/** A request that waits. */
interface Waiter {
  readonly opening: StreamOpening;
  /** Only for connections that were opened after so many. */
  readonly since: number;
}

/** The connections of HTTP/2 to one upstream, and the requests that wait for them. */
export class SessionPool implements SessionKeeper {
  readonly now: () => number;
  readonly #target: UpstreamTarget;
  readonly #name: string;
  readonly #options: ResolvedOptions;
  readonly #sessions: UpstreamSession[] = [];
  readonly #waiting: Waiter[] = [];
  /** Connections on their way, and those that there were so far. */
  #opening = 0;
  #opened = 0;
  #serving = false;
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
    const session = fresh || this.#waiting.length > 0 ? undefined : this.#choose(0);
    if (session === undefined) return this.#wait(opening, fresh);
    if (this.now() - session.heardAt > maxIdleMs) return this.#prove(session, opening);
    opening.onOpen(session.reserve());
    return () => undefined;
  }

  /** Whether nobody needs it any more. */
  get unused(): boolean {
    return this.#sessions.length === 0 && this.#waiting.length === 0 && this.#opening === 0;
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
  #choose(since: number): UpstreamSession | undefined {
    let chosen: UpstreamSession | undefined;
    for (const session of this.#sessions) {
      const fits = session.hasRoom && session.number > since;
      if (fits && (chosen === undefined || session.active > chosen.active)) chosen = session;
    }
    return chosen;
  }

  /** @param fresh - for a connection that is not there yet. */
  #wait(opening: StreamOpening, fresh: boolean): () => void {
    const waiting = this.#waiting;
    const problem = this.#problem(fresh);
    if (problem !== undefined) {
      opening.onFailed(unreachable(this.#name, new Error(problem)));
      return () => undefined;
    }
    const waiter = { opening, since: fresh ? this.#opened : 0 };
    waiting.push(waiter);
    this.#grow();
    return () => {
      const index = waiting.indexOf(waiter);
      if (index !== -1) waiting.splice(index, 1);
    };
  }

  /** Why nobody may wait. */
  #problem(fresh: boolean): string | undefined {
    if (this.#waiting.length >= MAX_WAITING) return `${MAX_WAITING} requests wait for its connections`;
    if (fresh && this.#opening === 0 && !this.#mayGrow()) return 'it has as many connections as it may have';
    return undefined;
  }

  /** A request that could not be sent twice does not go to a connection that may be dead. */
  #prove(session: UpstreamSession, opening: StreamOpening): () => void {
    const exchange = session.reserve();
    let over = false;
    let cancel = (): void => exchange.discard();
    session.prove((alive) => {
      if (over) return;
      if (alive && session.open) {
        cancel = () => undefined;
        opening.onOpen(exchange);
      } else {
        exchange.discard();
        cancel = this.#wait(opening, false);
      }
    });
    return () => {
      over = true;
      cancel();
    };
  }

  /** Gives room to those who wait, in their order; opens a connection for the rest. */
  #serve(): void {
    // Who is served may give its room back at once.
    if (this.#serving) return;
    this.#serving = true;
    while (this.#serveOne());
    this.#serving = false;
    this.#grow();
  }

  #serveOne(): boolean {
    for (const [i, { opening, since }] of this.#waiting.entries()) {
      const session = this.#choose(since);
      if (session !== undefined) {
        this.#waiting.splice(i, 1);
        opening.onOpen(session.reserve());
        return true;
      }
      // What finds no room anywhere is the same for all.
      if (since === 0) return false;
    }
    return false;
  }

  #grow(): void {
    const { maxStreams } = this.#options.http2;
    while (this.#waiting.length > this.#opening * maxStreams && this.#mayGrow()) this.#openSession();
  }

  /** Of an upstream that allows no streams at all, no more connections are opened. */
  #mayGrow(): boolean {
    const open = this.#sessions.filter((session) => session.open);
    if (open.some(({ limit }) => limit === 0)) return false;
    return open.length + this.#opening < this.#options.http2.maxSessions;
  }

  #openSession(): void {
    this.#opening++;
    const onFailed = (error: Error): void => {
      this.#opening--;
      this.#failWaiting(error);
    };
    const onOpen = (session: ClientHttp2Session, socket: Socket): void => {
      this.#opening--;
      const place = { session, socket, target: this.#target, number: ++this.#opened };
      this.#sessions.push(new UpstreamSession(place, this.#options.http2, this));
      this.#watch();
      this.#serve();
    };
    try {
      openSession(this.#target, this.#options, { onOpen, onFailed });
    } catch (error) {
      // Not at once: who is about to wait is told, too, and no other is begun for him.
      queueMicrotask(() => onFailed(error as Error));
    }
  }

  /** Where no connection is on its way, nobody is to wait for one; where there is another, it may get room. */
  #failWaiting(error: Error): void {
    if (this.#opening > 0) return;
    const isLeft = this.#sessions.some((session) => session.open);
    const failed = this.#waiting.filter(({ since }) => !isLeft || since > 0);
    for (const waiter of failed) this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    for (const { opening } of failed) opening.onFailed(this.#failed(error));
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
    const shortestMs = Math.min(idleTimeoutMs || Infinity, http2.pingAfterMs || Infinity);
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
