import type { Socket } from 'node:net';
import { Output } from './output.ts';
import { readShared, unshareReads } from './shared-reads.ts';
import { carrierOf } from './tls/carriers.ts';

/** What is told of a socket. */
export interface WireHandler {
  /** @param bytes - in memory that the next read uses again: what is kept must be copied. */
  onReceived(bytes: Buffer): void;
  /** The client sends no more; it may still read. */
  onHalfClosed(): void;
  /** Nothing can be received or sent any more. Told once; not after {@link Wire.detach}. */
  onClosed(): void;
}

/** How long, and how much, a client is still listened to that has got its last answer. nginx: 5 s without bytes. */
const LINGER_MS = 5000;
const LINGER_BYTES = 67_108_864;

/** A socket with manners: says when to read, closes so that the last answer arrives, cuts so that nothing looks whole. */
export class Wire {
  readonly output: Output;
  readonly #socket: Socket;
  readonly #handler: WireHandler;
  #state: 'open' | 'lingering' | 'gone' = 'open';
  #reading = true;
  #lingeringSince = 0;
  #discarded = 0;

  /**
   * @param socket - not read from yet: see `pauseOnConnect`.
   * @param batches - whether small answers wait for the end of the loop's turn.
   */
  constructor(socket: Socket, handler: WireHandler, batches = false) {
    this.#socket = socket;
    this.#handler = handler;
    this.output = new Output(socket, batches);
    if (!readShared(socket, this.#onData)) socket.on('data', this.#onData);
    socket.on('end', this.#onEnd).on('error', ignore).on('close', this.#onClose);
    socket.resume();
  }

  get open(): boolean {
    return this.#state === 'open';
  }

  /** Starts or stops reading: what the client sends on waits in the kernel, and then with the client. */
  read(on: boolean): void {
    if (on === this.#reading || this.#state !== 'open') return;
    this.#reading = on;
    if (on) this.#socket.resume();
    else this.#socket.pause();
  }

  /**
   * Closes in good order: all that was written goes out; then, for a while, what the client still sends is read
   * and thrown away. To close with unread bytes would reset the connection, and the client might lose the answer
   * (RFC 9112 §9.6).
   */
  finish(now: number): void {
    if (this.#state !== 'open') return;
    this.read(true);
    this.#state = 'lingering';
    this.#lingeringSince = now;
    this.output.end();
  }

  /** Whether a connection that was finished has been listened to long enough. The time runs once all was sent. */
  hasLingered(now: number): boolean {
    if (this.#state !== 'lingering') return false;
    if (!this.output.sent) this.#lingeringSince = now;
    return now - this.#lingeringSince > LINGER_MS;
  }

  /** Closes at once. */
  destroy(): void {
    this.#leave();
    this.#socket.destroy();
  }

  /**
   * Cuts an answer short. What was written before goes out, and then the connection ends without the end of the
   * body; where only the end of the connection would tell of the end of the body, it is reset instead.
   */
  cut(untilClose: boolean): void {
    this.output.flush();
    this.#leave();
    if (untilClose) reset(this.#socket);
    else this.#socket.destroy();
  }

  /** Gives the socket away: nothing is read from it or written to it here any more. */
  detach(): Socket {
    const socket = this.#socket;
    this.output.flush();
    this.#leave();
    unshareReads(socket);
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
    if (!this.#reading) socket.resume();
    // As node:http does it for its own upgrades: bytes are kept until the new owner listens for them.
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    return socket;
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#state === 'open') {
      this.#handler.onReceived(bytes);
      return;
    }
    this.#discarded += bytes.length;
    if (this.#discarded > LINGER_BYTES) this.destroy();
  };

  readonly #onEnd = (): void => {
    if (this.#state === 'open') this.#handler.onHalfClosed();
  };

  readonly #onClose = (): void => {
    this.#leave();
    this.#handler.onClosed();
  };

  #leave(): void {
    this.#state = 'gone';
    this.output.abandon();
  }
}

/** Every error of a socket is followed by its close, which is what counts. */
function ignore(): void {
  // Nothing to do.
}

/** Resets a TCP connection, so that its client learns that something is missing; a Unix socket has no such thing. */
function reset(socket: Socket): void {
  try {
    carrierOf(socket).resetAndDestroy();
  } catch {
    socket.destroy();
  }
}
