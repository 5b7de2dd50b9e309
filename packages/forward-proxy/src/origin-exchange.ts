import type { Socket } from 'node:net';
import {
  RemoteProtocolError,
  type ResponseHandler,
  type ResponseHead,
  ResponseParser,
} from '@highball/http-parser';
import { Refusal } from './errors.ts';
import type { Watch } from './watch.ts';

/** More than this is not kept for a client that reads slowly: four reads of a socket. */
const HIGH_WATER_BYTES = 262_144;

/** What an exchange needs from the one who asked for it. */
export interface ExchangeEvents {
  /** A response of 1xx has come. */
  onInformational(head: ResponseHead): void;
  /** It is over, for good or not; called once. */
  onOver(error: Refusal | undefined): void;
}

/** One request to an origin, over a connection of its own, as the answer comes back. */
export class OriginExchange implements ResponseHandler {
  readonly #socket: Socket;
  readonly #watch: Watch;
  readonly #events: ExchangeEvents;
  readonly #parser: ResponseParser;
  readonly #head = Promise.withResolvers<ResponseHead>();
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  #ended = false;
  #error: Refusal | undefined;
  #wake: (() => void) | undefined;
  /** The fields behind the body, flat; complete when the body is. */
  trailers: readonly string[] = [];

  constructor(socket: Socket, method: string, watch: Watch, events: ExchangeEvents) {
    this.#socket = socket;
    this.#watch = watch;
    this.#events = events;
    this.#parser = new ResponseParser(this);
    this.#parser.expect(method);
    this.#head.promise.catch(() => undefined);
    if (socket.destroyed) this.fail(new Refusal('RESET', 'the connection to the origin was closed'));
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#finish());
    socket.on('close', () => this.fail(new Refusal('RESET', 'the connection to the origin was closed')));
    socket.on('error', (cause) =>
      this.fail(new Refusal('RESET', 'the connection to the origin broke', { cause })),
    );
  }

  /** Resolves with the head of the answer. */
  get head(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  /** Why the rest will not come. */
  get failure(): Refusal | undefined {
    return this.#error;
  }

  /** Whether the body is still to come, all of it. */
  get awaitsBody(): boolean {
    return !this.over && this.#chunks.length === 0;
  }

  get over(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /** The rest will not come: what has come so far must not look complete. */
  fail(error: Refusal): void {
    if (this.over) return;
    this.#error = error;
    this.#head.reject(error);
    this.#wake?.();
    this.#close(error);
  }

  onInformational(head: ResponseHead): void {
    this.#events.onInformational(head);
  }

  onHead(head: ResponseHead): void {
    if (head.status === 101) {
      this.fail(new Refusal('BAD_RESPONSE', 'the origin switches protocols though nobody asked it to'));
      return;
    }
    this.#head.resolve(head);
  }

  onBody(chunk: Uint8Array): void {
    if (this.over) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    if (this.#buffered > HIGH_WATER_BYTES) this.#socket.pause();
    this.#wake?.();
  }

  onEnd(trailers: readonly string[]): void {
    if (this.over) return;
    this.trailers = trailers;
    this.#ended = true;
    this.#wake?.();
    this.#close(undefined);
  }

  /** The body, with backpressure down to the origin. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      this.#buffered = 0;
      for (const chunk of chunks) {
        // A client that reads slowly is the server's to judge; it is not the origin that is silent.
        this.#watch.suspend();
        yield chunk;
        this.#watch.touch();
      }
      if (this.#chunks.length > 0) continue;
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      this.#socket.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  #receive(bytes: Buffer): void {
    if (this.over || !this.#watch.received(bytes.length)) return;
    try {
      this.#parser.push(bytes);
    } catch (cause) {
      this.#refuse(cause);
    }
  }

  #finish(): void {
    if (this.over) return;
    try {
      // Completes a body that ends with the connection.
      this.#parser.finish();
    } catch (cause) {
      this.fail(new Refusal('RESET', 'the origin closed the connection inside its answer', { cause }));
    }
    if (!this.over) this.fail(new Refusal('RESET', 'the origin closed the connection without an answer'));
  }

  #refuse(cause: unknown): void {
    // Whatever else it is, it ends this request and not the process: nobody above the socket would catch it.
    const problem =
      cause instanceof RemoteProtocolError
        ? `the origin speaks no proper HTTP: ${cause.code}`
        : `the answer of the origin cannot be passed on: ${String((cause as Error).message)}`;
    this.fail(new Refusal('BAD_RESPONSE', problem, { cause }));
  }

  #close(error: Refusal | undefined): void {
    this.#watch.stop();
    this.#socket.destroy();
    this.#events.onOver(error);
  }
}
