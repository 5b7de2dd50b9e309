import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { UpstreamError } from '../errors.ts';
import { FieldSorter } from '../field-sorter.ts';
import type { UpstreamTarget } from '../upstream.ts';
import type { ResolvedHttp2 } from './options.ts';
import { StreamExchange } from './stream-exchange.ts';

/** What becomes of a connection. */
export interface SessionKeeper {
  readonly now: () => number;
  /** There may be room for a request that waits. */
  onRoom(session: UpstreamSession): void;
  onGone(session: UpstreamSession): void;
}

/** What a connection is made of. */
export interface SessionPlace {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
  readonly target: UpstreamTarget;
  /** The how manieth of its upstream it is, from 1. */
  readonly number: number;
}

/** gRPC's servers take PINGs that come more often for an attack (its keepalive guide: five minutes). */
const PING_AGAIN_MS = 300_000;

/** A connection of HTTP/2 to an upstream: as many requests at a time as it allows. */
export class UpstreamSession {
  readonly target: UpstreamTarget;
  readonly number: number;
  readonly sorter: FieldSorter = new FieldSorter();
  readonly now: () => number;
  /** Requests that have a place here. */
  active = 0;
  /** When something was heard of the upstream. */
  heardAt: number;
  /** The last stream that it has done anything with, when it has said so by GOAWAY. */
  lastId: number = Infinity;
  /** What has ended the connection. */
  failure: Error | undefined;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #keeper: SessionKeeper;
  readonly #options: ResolvedHttp2;
  /** Who waits for the answer to a PING. */
  readonly #proofs: ((alive: boolean) => void)[] = [];
  #limit = 0;
  #served = 0;
  /** Whether it gets no requests until it has shown that it is alive. */
  #doubted = false;
  #idleSince: number;
  /** Bytes read when it was last looked at, and since when it has been silent. */
  #seenBytes = 0;
  #silentSince: number;
  #pingAfterMs: number;

  constructor(
    { session, socket, target, number }: SessionPlace,
    options: ResolvedHttp2,
    keeper: SessionKeeper,
  ) {
    this.target = target;
    this.number = number;
    this.#session = session;
    this.#socket = socket;
    this.#keeper = keeper;
    this.#options = options;
    this.now = keeper.now;
    this.heardAt = this.#idleSince = this.#silentSince = keeper.now();
    this.#pingAfterMs = options.pingAfterMs;
    this.#readSettings();
    session
      .on('remoteSettings', () => {
        this.#readSettings();
        keeper.onRoom(this);
      })
      .on('goaway', (_code, lastId) => (this.lastId = lastId))
      .on('error', (error: Error) => (this.failure ??= error))
      .on('close', () => keeper.onGone(this));
  }

  /** Whether it has ended, though its streams may not know yet. */
  get lost(): boolean {
    return this.#session.destroyed || this.#socket.destroyed;
  }

  /** Whether new requests may begin here at all: after GOAWAY none may. */
  get open(): boolean {
    return !this.#session.closed && !this.lost;
  }

  /** Requests that have room; 0 of one that takes none. */
  get limit(): number {
    return this.#limit;
  }

  get hasRoom(): boolean {
    return this.active < this.#limit && !this.#doubted && this.open;
  }

  /** Gives a request a place; it is given back by {@link leave}. */
  reserve(): StreamExchange {
    this.active++;
    return new StreamExchange(this, this.#served++ > 0);
  }

  leave(): void {
    this.active--;
    if (this.active === 0) this.#idleSince = this.now();
    this.#keeper.onRoom(this);
  }

  /** @throws UpstreamError REFUSED when it was too late for it. */
  request(headers: OutgoingHttpHeaders, hasBody: boolean): ClientHttp2Stream {
    if (!this.open)
      throw new UpstreamError('REFUSED', 'the upstream takes no requests over this connection any more');
    const stream = this.#session.request(headers, { endStream: !hasBody, waitForTrailers: hasBody });
    // There are no numbers left for streams (RFC 9113 §5.1.1), of which node:http2 tells the stream alone.
    if (stream.id === undefined) this.#session.close();
    return stream;
  }

  /**
   * A request was waited for in vain. If nothing at all was heard meanwhile, the upstream may be gone, or this side has
   * given the connection up for a breach of the protocol, which Node 22 tells nobody: others do not wait for it, too.
   */
  doubt(since: number): void {
    if (this.#doubted || this.heardAt > since) return;
    this.#doubted = true;
    this.prove(() => {
      this.#doubted = false;
      this.#keeper.onRoom(this);
    });
  }

  /** Asks whether the upstream is there (RFC 9113 §6.7); one that does not answer loses the connection. */
  prove(done: (alive: boolean) => void): void {
    if (this.#proofs.push(done) === 1) this.#ping();
  }

  #ping(): void {
    const { pingTimeoutMs } = this.#options;
    const timer = setTimeout(() => {
      this.end(new UpstreamError('RESET', `the upstream did not answer a PING within ${pingTimeoutMs} ms`));
    }, pingTimeoutMs).unref();
    const sent =
      !this.lost &&
      this.#session.ping((error) => {
        clearTimeout(timer);
        // What it says to a PING breaks no silence.
        this.#seenBytes = this.#socket.bytesRead;
        if (error === null) this.heardAt = this.now();
        this.#proved(error === null);
      });
    if (sent) return;
    clearTimeout(timer);
    this.#proved(false);
  }

  #proved(alive: boolean): void {
    for (const done of this.#proofs.splice(0)) done(alive);
  }

  /** Ends it when it was unused for too long; asks whether it is alive when it is silent. */
  sweep(now: number, idleTimeoutMs: number): void {
    if (this.active === 0) {
      if (now - this.#idleSince >= idleTimeoutMs) this.end(undefined);
      return;
    }
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#seenBytes) {
      this.#seenBytes = bytesRead;
      this.#silentSince = now;
      this.#pingAfterMs = this.#options.pingAfterMs;
    } else if (this.#pingAfterMs > 0 && now - this.#silentSince >= this.#pingAfterMs) {
      this.#silentSince = now;
      this.#pingAfterMs = PING_AGAIN_MS;
      this.prove(() => undefined);
    }
  }

  /** Ends it, with all that is under way. */
  end(failure: UpstreamError | undefined): void {
    this.failure ??= failure;
    this.#session.destroy();
  }

  #readSettings(): void {
    const { maxConcurrentStreams = Infinity } = this.#session.remoteSettings;
    this.#limit = Math.min(this.#options.maxStreams, maxConcurrentStreams);
  }
}
