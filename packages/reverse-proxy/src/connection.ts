import {
  RemoteProtocolError,
  type ResponseHandler,
  type ResponseHead,
  ResponseParser,
} from '@highball/http-parser';
import type { Socket } from 'node:net';
import { UpstreamBody } from './body.ts';
import { UpstreamError } from './errors.ts';

/** A response whose head has come. */
export interface UpstreamResponse {
  readonly head: ResponseHead;
  readonly body: UpstreamBody;
  /** The fields behind the body, flat; complete when the body is. */
  readonly trailers: readonly string[];
}

/** What somebody who sends a request wants to hear of besides the response. */
export interface RequestEvents {
  onInformational(head: ResponseHead): void;
  /** The exchange is over: with an error, or not. */
  onDone(error: UpstreamError | undefined): void;
}

/** A request that waits for its response. */
interface Pending extends RequestEvents {
  resolve(response: UpstreamResponse): void;
  reject(error: UpstreamError): void;
  response: UpstreamResponse | undefined;
  trailers: string[];
}

/** One kept-alive connection to an upstream: one request at a time. */
export class UpstreamConnection implements ResponseHandler {
  readonly socket: Socket;
  readonly #parser: ResponseParser;
  readonly #readTimeoutMs: number;
  #pending: Pending | undefined;
  #keepAlive = true;
  #requestSent = true;
  /** Whether a byte of the answer to the present request has come. */
  #answered = false;
  #upgraded = false;
  #requests = 0;
  /** Called when the connection can take another request, and when it is gone. */
  onFree: (usable: boolean) => void = () => undefined;

  constructor(socket: Socket, options: { readTimeoutMs: number }) {
    this.socket = socket;
    this.#readTimeoutMs = options.readTimeoutMs;
    this.#parser = new ResponseParser(this);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#ended());
    socket.on('error', (error) => this.#broken('RESET', `the connection broke: ${error.message}`));
    socket.on('timeout', () => this.#timedOut());
    socket.on('close', () => this.#broken('RESET', 'the connection was closed'));
  }

  /** Whether it has served a request before the present one. */
  get reused(): boolean {
    return this.#requests > 1;
  }

  /**
   * Sends the head of a request; resolves with the head of its response.
   * @param complete - whether the request has no body; otherwise {@link requestDone} is called behind it.
   */
  request(head: string, method: string, complete: boolean, events: RequestEvents): Promise<UpstreamResponse> {
    this.#requests++;
    this.#requestSent = complete;
    this.#answered = false;
    this.#parser.expect(method);
    this.socket.setTimeout(this.#readTimeoutMs);
    return new Promise((resolve, reject) => {
      this.#pending = { ...events, resolve, reject, response: undefined, trailers: [] };
      this.socket.write(head, 'latin1');
    });
  }

  /** Says that the body of the request has been sent. */
  requestDone(): void {
    this.#requestSent = true;
    if (this.#pending === undefined) this.#free();
  }

  /** Gives the connection away to a tunnel: with what came behind the head of the response. */
  release(): Uint8Array {
    this.#upgraded = true;
    this.#pending = undefined;
    for (const event of ['data', 'end', 'error', 'timeout', 'close']) this.socket.removeAllListeners(event);
    this.socket.setTimeout(0);
    return this.#parser.release();
  }

  /** Ends the request that is under way, and the connection with it. */
  abort(error: UpstreamError): void {
    this.#fail(error);
    this.socket.destroy();
  }

  onInformational(head: ResponseHead): void {
    this.#pending?.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    const pending = this.#pending as Pending;
    const body = new UpstreamBody({
      pause: () => this.socket.pause(),
      resume: () => this.socket.resume(),
      abandon: () => this.abort(new UpstreamError('ABORTED', 'the client has left')),
    });
    this.#keepAlive = head.keepAlive;
    pending.response = { head, body, trailers: pending.trailers };
    pending.resolve(pending.response);
  }

  onBody(chunk: Uint8Array): void {
    this.#pending?.response?.body.push(chunk);
  }

  onEnd(trailers: readonly string[]): void {
    const pending = this.#pending;
    if (pending === undefined || pending.response?.head.status === 101) return;
    pending.trailers.push(...trailers);
    this.#pending = undefined;
    pending.response?.body.end();
    pending.onDone(undefined);
    if (this.#requestSent) this.#free();
    // The upstream answered before it had the whole request: what is left of it would be read as another one.
    else this.#keepAlive = false;
  }

  #receive(bytes: Buffer): void {
    if (this.#pending === undefined) {
      // Nobody asked for that: never to be taken for the answer to the next request.
      this.socket.destroy();
      return;
    }
    this.#answered = true;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      const why = error instanceof RemoteProtocolError ? `${error.code}: ${error.message}` : String(error);
      this.abort(
        new UpstreamError('BAD_RESPONSE', `the upstream speaks no proper HTTP: ${why}`, { cause: error }),
      );
    }
  }

  #free(): void {
    this.socket.setTimeout(0);
    this.socket.resume();
    const usable = this.#keepAlive && this.#parser.idle && !this.socket.destroyed && this.socket.writable;
    if (!usable) this.socket.destroy();
    this.onFree(usable);
  }

  #ended(): void {
    try {
      // Completes a body that ends with the connection.
      this.#parser.finish();
    } catch {
      this.#broken('RESET', 'the upstream closed the connection inside its answer');
      return;
    }
    this.#broken('RESET', 'the upstream closed the connection without an answer');
  }

  #broken(code: 'RESET', message: string): void {
    if (this.#upgraded) return;
    this.#fail(new UpstreamError(code, message));
    this.socket.destroy();
    this.onFree(false);
  }

  #timedOut(): void {
    if (this.#pending === undefined) return;
    // A client that does not take what is there is not the upstream's fault.
    if (this.socket.isPaused()) return;
    this.abort(new UpstreamError('TIMEOUT', `the upstream was silent for ${this.#readTimeoutMs} ms`));
  }

  #fail(error: UpstreamError): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    error.reused = this.reused;
    error.answered = this.#answered;
    pending.reject(error);
    pending.response?.body.fail(error);
    pending.onDone(error);
  }
}
