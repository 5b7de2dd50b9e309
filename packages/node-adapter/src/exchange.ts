import type { Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { Delivery, type DeliveryListener } from './delivery.ts';
import { abortedError, HandlerError } from './errors.ts';
import type { NodeHandler } from './handler.ts';
import { GatewayRequest, releaseRequest } from './request.ts';
import { RequestSocket, type SocketOwner } from './request-socket.ts';
import {
  asIncomingMessage,
  asServerResponse,
  drainResponse,
  finishResponse,
  GatewayResponse,
  loseResponse,
} from './response.ts';

/** One request and its answer: joins what a handler is given to what the server is told. */
export class Exchange implements DeliveryListener, SocketOwner {
  readonly #environ: Environ;
  readonly #delivery: Delivery;
  readonly #socket: RequestSocket;
  readonly #request: GatewayRequest;
  readonly #response: GatewayResponse;

  constructor(environ: Environ, startResponse: StartResponse, maxBufferedBytes: number) {
    this.#environ = environ;
    this.#delivery = new Delivery(environ, startResponse, maxBufferedBytes);
    this.#delivery.listen(this);
    this.#socket = new RequestSocket(environ, this);
    this.#request = new GatewayRequest(this.#socket, environ);
    this.#response = new GatewayResponse(this.#request, this.#socket, this.#delivery);
  }

  get unsentBytes(): number {
    return this.#delivery.pendingBytes;
  }

  /** Runs the handler. @throws what the handler throws, when its answer had not been ended. */
  run(handler: NodeHandler): ResponseBody | Promise<ResponseBody> {
    try {
      const running: unknown = handler(asIncomingMessage(this.#request), asServerResponse(this.#response));
      if (isThenable(running)) running.then(undefined, (error: unknown) => this.#onFailed(error));
    } catch (error) {
      this.#onFailed(error);
    }
    return this.#delivery.result();
  }

  // What the delivery tells.

  onDrain(): void {
    this.#socket.touch();
    drainResponse(this.#response);
  }

  onFinished(): void {
    this.#socket.release();
    finishResponse(this.#response);
    releaseRequest(this.#request);
  }

  onLost(error: Error): void {
    loseResponse(this.#response, error);
    this.#socket.lose();
    if (!this.#request.destroyed) this.#request.destroy(abortedError(error));
  }

  // What the socket tells.

  onDestroyed(error: Error | undefined): void {
    const message = 'the handler has destroyed its response';
    this.#delivery.cut(new HandlerError('RESPONSE_DESTROYED', message, { cause: error }));
  }

  onTimeout(): boolean {
    const request = !this.#request.complete && this.#request.emit('timeout', this.#socket);
    return this.#response.emit('timeout', this.#socket) || request;
  }

  /** The handler has thrown: before the end of its answer that is the end of it, behind it only a word for the log. */
  #onFailed(error: unknown): void {
    if (this.#delivery.ended) {
      const text = error instanceof Error ? (error.stack ?? String(error)) : String(error);
      this.#environ['wsgi.errors'].write(`the handler failed behind the end of its answer: ${text}\n`);
    } else {
      this.#delivery.cut(
        error instanceof Error
          ? error
          : new HandlerError('RESPONSE_DESTROYED', `the handler threw ${String(error)}`),
      );
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
