import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { ABNORMAL, checkClose, type Closure, closureOf, GOING_AWAY, NORMAL } from './closure.ts';
import { PeerError, WebSocketUsageError } from './errors.ts';
import { Heartbeat, type Patient } from './heartbeat.ts';
import { Inbox, type Message } from './inbox.ts';
import { Outbox } from './outbox.ts';
import type { ResolvedOptions } from './options.ts';
import { PongReply } from './pong-reply.ts';
import { quietly } from './quietly.ts';

/** A WebSocket that is open, or was. Iterating yields the messages, and ends when it is closed. */
export interface WebSocketConnection extends AsyncIterable<Message> {
  /** What was agreed on; empty when nothing was. */
  readonly subprotocol: string;
  /** Whether messages can be sent. */
  readonly open: boolean;
  /** Resolves, and never rejects, when the connection is gone. */
  readonly closed: Promise<Closure>;
  /** Bytes that the peer has not taken yet. */
  readonly unsentBytes: number;
  /**
   * Sends a message: a string as text, bytes as binary.
   * @returns resolves when the peer has caught up so far that more may be sent. Whoever does not wait for it must
   *   know that a peer is cut off that lets too much wait; the promise may then be left alone.
   * @throws WebSocketSendError (rejects) CLOSED, QUEUE_FULL; WebSocketUsageError (rejects) BAD_MESSAGE
   */
  send(data: Message): Promise<void>;
  /**
   * The next message; undefined when the WebSocket is closed and all were read. While nobody asks, the peer is made
   * to wait.
   * @throws WebSocketUsageError (rejects) CONCURRENT_RECEIVE
   */
  receive(): Promise<Message | undefined>;
  /**
   * Throws away all messages, and lets `receive` resolve with undefined: for those who only send. Without it the peer
   * is made to wait, and nobody sees it leave.
   */
  ignoreMessages(): void;
  /**
   * Closes in good order: what was sent before arrives. Messages of the peer are not read any more.
   * @param code - @default 1000
   * @param reason - at most 123 bytes of UTF-8.
   * @returns when the peer has answered, or its time for that is up.
   * @throws WebSocketUsageError (rejects) BAD_CLOSE
   */
  close(code?: number, reason?: string): Promise<Closure>;
  /** Cuts the connection; the peer sees 1006. */
  terminate(): void;
}

/**
 * What one read of the socket can bring behind the pause, which is all that can come: 64 KiB, as frames of 6 bytes
 * of which each is kept at the cost of 128. Compressed messages could bring far more.
 */
const MAX_READ_COST_BYTES = 1_500_000;

const ignore = (): void => undefined;

/** A connection on ws and the socket below it. */
export class Connection implements WebSocketConnection, Patient {
  readonly closed: Promise<Closure>;
  readonly #ws: WebSocket;
  readonly #socket: Duplex & { bytesRead?: number; bytesWritten?: number };
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #heartbeat: Heartbeat;
  readonly #signals: readonly AbortSignal[];
  readonly #floodBytes: number;
  #fault: Closure | undefined;
  #ignoring = false;
  #settle!: (closure: Closure) => void;

  constructor(ws: WebSocket, socket: Duplex, options: ResolvedOptions, draining: AbortSignal | undefined) {
    const { clock, pingIntervalMs, pongTimeoutMs, receiveQueueBytes, maxPayloadBytes } = options;
    this.#ws = ws;
    this.#socket = socket;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.#inbox = new Inbox(receiveQueueBytes, (full) => (full ? ws.pause() : ws.resume()));
    this.#floodBytes = receiveQueueBytes + 2 * maxPayloadBytes + MAX_READ_COST_BYTES;
    this.#outbox = new Outbox(ws, options, () => this.#cut(queueFull()));
    this.#heartbeat = new Heartbeat(clock, pingIntervalMs, pongTimeoutMs, this);
    this.#signals = [options.signal, draining].filter((signal) => signal !== undefined);
    this.#listen();
    this.#heartbeat.start();
    for (const signal of this.#signals) {
      if (signal.aborted) this.#goAway();
      else signal.addEventListener('abort', this.#goAway, { once: true });
    }
  }

  get subprotocol(): string {
    return this.#ws.protocol;
  }

  get open(): boolean {
    return this.#ws.readyState === this.#ws.OPEN;
  }

  get unsentBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(data: Message): Promise<void> {
    if (typeof data !== 'string' && !(data instanceof Uint8Array)) {
      return quietly(new WebSocketUsageError('BAD_MESSAGE', 'a message is a string or a Uint8Array'));
    }
    return this.#outbox.send(data);
  }

  async receive(): Promise<Message | undefined> {
    return this.#inbox.take();
  }

  ignoreMessages(): void {
    this.#ignoring = true;
    this.#inbox.discard();
  }

  async close(code: number = NORMAL, reason = ''): Promise<Closure> {
    checkClose(code, reason);
    if (this.open) {
      this.#ws.close(code, reason);
      // The peer's close frame stands behind what it has sent before.
      this.ignoreMessages();
    }
    return this.closed;
  }

  terminate(): void {
    this.#ws.terminate();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      const message = await this.receive();
      if (message === undefined) return;
      yield message;
    }
  }

  // What the heartbeat sees.

  get receivedBytes(): number | undefined {
    return this.#socket.bytesRead;
  }

  get takenBytes(): number | undefined {
    const { bytesWritten, writableLength } = this.#socket;
    return bytesWritten === undefined ? undefined : bytesWritten - writableLength;
  }

  get deaf(): boolean {
    return this.#inbox.full;
  }

  ping(payload: Buffer): void {
    if (this.open) this.#ws.ping(payload);
  }

  onLifeless(code: 'PONG_TIMEOUT' | 'WRITE_TIMEOUT'): void {
    const what = code === 'PONG_TIMEOUT' ? 'answers no ping' : 'takes nothing of what it is sent';
    this.#cut(new PeerError(code, `the peer ${what}`));
  }

  #listen(): void {
    const ws = this.#ws;
    const pong = new PongReply(ws);
    ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    ws.on('ping', (payload) => pong.onPing(payload));
    ws.on('pong', (payload) => this.#heartbeat.onPong(payload));
    ws.on('error', (error) => (this.#fault ??= closureOf(error)));
    ws.on('close', (code, reason) => this.#onClose({ code, reason: reason.toString() }));
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (this.#ignoring) return;
    this.#inbox.push(data, isBinary);
    if (this.#inbox.bytes > this.#floodBytes) {
      this.#cut(new PeerError('FLOODED', 'more messages came at once than may wait'));
    }
  }

  #onClose(closure: Closure): void {
    this.#heartbeat.stop();
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#goAway);
    this.#inbox.end();
    this.#outbox.end();
    const isLost = closure.code === ABNORMAL;
    this.#settle(this.#fault ?? (isLost ? { ...closure, error: lost() } : closure));
  }

  readonly #goAway = (): void => {
    this.close(GOING_AWAY, 'the server is going away').catch(ignore);
  };

  #cut(error: PeerError): void {
    this.#fault ??= { code: ABNORMAL, reason: '', error };
    this.#ws.terminate();
  }
}

function lost(): PeerError {
  return new PeerError('LOST', 'the peer is gone without a close frame');
}

function queueFull(): PeerError {
  return new PeerError('WRITE_TIMEOUT', 'the peer lets too much wait');
}
