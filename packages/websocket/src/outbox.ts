import type { WebSocket } from 'ws';
import { WebSocketSendError } from './errors.ts';
import type { Message } from './inbox.ts';
import { quietly } from './quietly.ts';

/** What is needed of a WebSocket of ws to send. */
export type OutboxSocket = Pick<WebSocket, 'send' | 'readyState' | 'OPEN' | 'bufferedAmount'>;

/** Most messages are taken at once: for these no promise is made. */
const TAKEN = Promise.resolve();

/** Sends messages no faster than the peer takes them. */
export class Outbox {
  readonly #ws: OutboxSocket;
  readonly #highWaterBytes: number;
  readonly #limitBytes: number;
  readonly #onOverflow: () => void;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /** @param onOverflow - more waits than may: the connection must be cut. */
  constructor(
    ws: OutboxSocket,
    limits: { readonly sendHighWaterBytes: number; readonly sendQueueBytes: number },
    onOverflow: () => void,
  ) {
    this.#ws = ws;
    this.#highWaterBytes = limits.sendHighWaterBytes;
    this.#limitBytes = limits.sendQueueBytes;
    this.#onOverflow = onOverflow;
  }

  /** @returns resolves when the peer has caught up; rejections may be left alone. */
  send(data: Message): Promise<void> {
    const ws = this.#ws;
    if (ws.readyState !== ws.OPEN) return quietly(closed());
    if (ws.bufferedAmount > this.#limitBytes) {
      this.#onOverflow();
      return quietly(
        new WebSocketSendError('QUEUE_FULL', `more than ${this.#limitBytes} bytes wait for the peer`),
      );
    }
    ws.send(data, this.#onWritten);
    if (ws.bufferedAmount <= this.#highWaterBytes) return TAKEN;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    this.#waiting.push({ resolve, reject });
    return promise;
  }

  /** The connection is gone: whoever waits need not. */
  end(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
  }

  /** The kernel has taken a message, or the connection is lost: of that `end` tells. */
  readonly #onWritten = (error?: Error | null): void => {
    if (error || this.#waiting.length === 0 || this.#ws.bufferedAmount > this.#highWaterBytes) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  };
}

function closed(): WebSocketSendError {
  return new WebSocketSendError('CLOSED', 'the WebSocket is closed');
}
