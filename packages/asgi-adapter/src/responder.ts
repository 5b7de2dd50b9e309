import type {
  BodyChunk,
  HeaderField,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { BodyPipe } from './body-pipe.ts';
import { AsgiProtocolError, ClientDisconnected } from './errors.ts';
import { DONE } from './promises.ts';
import { statusLine } from './status.ts';

/** What a responder tells. */
export interface ResponderOwner {
  /** The head was given to the server, and this is the body. */
  onBody(body: ResponseBody): void;
  /** The application has sent the end of the response. */
  onComplete(): void;
  /** The server wants no more of it: the client is gone. */
  onStopped(): void;
}

interface Start {
  readonly status: number;
  readonly headers?: readonly HeaderField[];
  readonly trailers?: boolean;
}

const NOTHING = new Uint8Array();

/** Turns the events of a response into a call of start_response and a body. */
export class Responder {
  readonly #startResponse: StartResponse;
  readonly #isHead: boolean;
  readonly #owner: ResponderOwner;
  #start: Start | undefined;
  #pipe: BodyPipe | undefined;
  /** Whether the response has a head only, whatever the application sends. */
  #bodiless = false;
  #state: 'before' | 'started' | 'body' | 'trailers' | 'complete' = 'before';

  constructor(startResponse: StartResponse, isHead: boolean, owner: ResponderOwner) {
    this.#startResponse = startResponse;
    this.#isHead = isHead;
    this.#owner = owner;
  }

  /** Whether nothing was sent yet that an error page could not replace. */
  get headSent(): boolean {
    return this.#state === 'body' || this.#state === 'trailers' || this.#state === 'complete';
  }

  get begun(): boolean {
    return this.#state !== 'before';
  }

  get complete(): boolean {
    return this.#state === 'complete';
  }

  get wantsTrailers(): boolean {
    return this.#state === 'trailers';
  }

  /** @throws AsgiProtocolError UNEXPECTED_EVENT, BAD_EVENT */
  start(start: Start): void {
    if (this.#state !== 'before') throw unexpected('a response was started already');
    statusLine(start.status);
    this.#start = start;
    this.#state = 'started';
  }

  /**
   * @returns resolves when the next piece can be sent; rejects with ClientDisconnected.
   * @throws AsgiProtocolError UNEXPECTED_EVENT, BAD_EVENT; what start_response throws.
   */
  body(chunk: Uint8Array = NOTHING, more = false): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      throw new AsgiProtocolError('BAD_EVENT', 'the body of an event is a Uint8Array');
    }
    if (this.#state === 'started') return this.#first(chunk, more);
    if (this.#state !== 'body') {
      throw unexpected(
        this.#state === 'before' ? 'send http.response.start first' : 'the response is complete',
      );
    }
    return this.#next(chunk, more);
  }

  /** The last trailers were sent. */
  endTrailers(): void {
    this.#complete();
    this.#pipe?.end();
  }

  /** The body cannot be completed. */
  fail(error: unknown): void {
    this.#pipe?.fail(error);
  }

  #first(chunk: Uint8Array, more: boolean): Promise<void> {
    const { status, headers = [], trailers = false } = this.#start as Start;
    this.#startResponse(statusLine(status), withoutTransferEncoding(headers));
    if (!more && !trailers) {
      this.#complete();
      // The usual response: its length is known, and nothing waits.
      const body: BodyChunk[] = [chunk];
      this.#owner.onBody(body);
      return DONE;
    }
    this.#state = 'body';
    this.#bodiless = this.#isHead || status === 204 || status === 304;
    // Of a response without a body the server wants none: that is no reason to tell the application to stop.
    this.#pipe = new BodyPipe(() => {
      if (!this.#bodiless) this.#owner.onStopped();
    });
    this.#owner.onBody(this.#pipe);
    return this.#next(chunk, more);
  }

  #next(chunk: Uint8Array, more: boolean): Promise<void> {
    const pipe = this.#pipe as BodyPipe;
    const sent = chunk.length > 0 ? this.#push(pipe, chunk) : DONE;
    if (more) return sent;
    if (this.#start?.trailers) {
      this.#state = 'trailers';
      return sent;
    }
    this.#complete();
    pipe.end();
    return DONE;
  }

  #push(pipe: BodyPipe, chunk: Uint8Array): Promise<void> {
    const sent = pipe.send(chunk);
    return this.#bodiless ? sent.catch(forgive) : sent;
  }

  #complete(): void {
    this.#state = 'complete';
    this.#owner.onComplete();
  }
}

/** The application sends a body that is not wanted, to its end; as it would to GET. */
function forgive(error: unknown): void {
  if (!(error instanceof ClientDisconnected)) throw error;
}

/** ASGI HTTP spec, "Response Start": applications may send the field, servers ignore it. */
function withoutTransferEncoding(headers: readonly HeaderField[]): HeaderList {
  return (headers.some(isFraming) ? headers.filter((field) => !isFraming(field)) : headers) as HeaderList;
}

const TRANSFER_ENCODING = 'transfer-encoding';

function isFraming([name]: HeaderField): boolean {
  return name.length === TRANSFER_ENCODING.length && name.toLowerCase() === TRANSFER_ENCODING;
}

function unexpected(message: string): AsgiProtocolError {
  return new AsgiProtocolError('UNEXPECTED_EVENT', message);
}
