import type { Environ } from '@highball/gateway-protocol';
import { EventEmitter } from 'node:events';
import { HIGH_WATER_BYTES } from './delivery.ts';
import { HandlerError } from './errors.ts';

/** What a socket asks of the exchange that it stands for. */
export interface SocketOwner {
  /** Bytes of the answer that the client has yet to take. */
  readonly unsentBytes: number;
  /** The handler wants the connection gone. */
  onDestroyed(error: Error | undefined): void;
  /** Nothing has moved for as long as `setTimeout` allows. @returns whether somebody listened. */
  onTimeout(): boolean;
}

/**
 * `req.socket`: what a handler may know of its client's connection. The connection itself is the server's, so that
 * reading and writing past the response is not possible; the knobs of a socket are there, and turn nothing.
 */
export class RequestSocket extends EventEmitter {
  readonly #environ: Environ;
  readonly #owner: SocketOwner;
  #timer: NodeJS.Timeout | undefined;
  destroyed = false;
  timeout = 0;

  constructor(environ: Environ, owner: SocketOwner) {
    super();
    this.#environ = environ;
    this.#owner = owner;
  }

  /** The client's address, as far as the server trusts who told it. */
  get remoteAddress(): string | undefined {
    return this.#environ.REMOTE_ADDR || undefined;
  }

  get remotePort(): number | undefined {
    return Number(this.#environ.REMOTE_PORT) || undefined;
  }

  get remoteFamily(): string | undefined {
    return familyOf(this.remoteAddress);
  }

  /** A gateway does not tell at which of its addresses a request came in; the name it was called is all there is. */
  get localAddress(): string {
    return this.#environ.SERVER_NAME;
  }

  get localPort(): number {
    return Number(this.#environ.SERVER_PORT);
  }

  /** Whether the client's scheme is https. */
  get encrypted(): boolean {
    return this.#environ['wsgi.url_scheme'] === 'https';
  }

  get readable(): boolean {
    return !this.destroyed;
  }

  get writable(): boolean {
    return !this.destroyed;
  }

  get readyState(): 'open' | 'closed' {
    return this.destroyed ? 'closed' : 'open';
  }

  get connecting(): boolean {
    return false;
  }

  get pending(): boolean {
    return false;
  }

  get writableHighWaterMark(): number {
    return HIGH_WATER_BYTES;
  }

  get writableLength(): number {
    return this.#owner.unsentBytes;
  }

  address(): { address: string; port: number; family: string } {
    return {
      address: this.localAddress,
      port: this.localPort,
      family: familyOf(this.localAddress) ?? 'IPv4',
    };
  }

  /**
   * Emits 'timeout' on the request, the response and here when nothing has moved for so long; when nobody listens
   * the exchange is cut, as node:http does.
   * @param ms - 0: never.
   */
  setTimeout(ms: number, callback?: () => void): this {
    clearTimeout(this.#timer);
    this.timeout = ms;
    if (callback !== undefined) {
      if (ms === 0) this.off('timeout', callback);
      else this.once('timeout', callback);
    }
    this.#timer = ms === 0 || this.destroyed ? undefined : setTimeout(() => this.#onTimeout(), ms).unref();
    return this;
  }

  /** Something has moved. */
  touch(): void {
    this.#timer?.refresh();
  }

  /** The exchange is over. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ends the exchange without the end of its answer. */
  destroy(error?: Error): this {
    if (this.destroyed) return this;
    this.#owner.onDestroyed(error);
    this.lose(error);
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }

  end(): this {
    return this.destroy();
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  /** The connection is gone: tells who listens, once. */
  lose(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.release();
    process.nextTick(() => {
      if (error !== undefined && this.listenerCount('error') > 0) this.emit('error', error);
      this.emit('close', error !== undefined);
    });
  }

  /** @throws HandlerError always: the bytes would stand in the middle of the server's own. */
  write(): never {
    throw new HandlerError(
      'UNSUPPORTED',
      "the connection is the server's: write to the response, or take the connection over by an upgrade",
    );
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  cork(): void {
    // The response gathers by itself what is written in one turn.
  }

  uncork(): void {
    // See cork.
  }

  #onTimeout(): void {
    const heard = this.#owner.onTimeout();
    if (!this.emit('timeout') && !heard) this.destroy();
  }
}

function familyOf(address: string | undefined): 'IPv4' | 'IPv6' | undefined {
  if (address === undefined) return undefined;
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
