import type {
  AsgiSend,
  BodyChunk,
  HeaderList,
  HttpResponseStartEvent,
  StartResponse,
} from '@highball/gateway-protocol';
import { AsgiProtocolError } from './errors.ts';
import { DONE } from './promises.ts';

const NOTHING = new Uint8Array();

/** Turns a call of start_response and the pieces of a body into the events of a response. */
export class ResponseEvents {
  readonly #send: AsgiSend;
  readonly #canTrail: boolean;
  #begun: { status: number; headers: HeaderList } | undefined;
  #headSent = false;
  #trailers: HeaderList | undefined;
  /** Events that were sent by `write` without being awaited. */
  #written: Promise<void> = DONE;

  /** @param canTrail - whether the server has the extension `http.response.trailers`. */
  constructor(send: AsgiSend, canTrail: boolean) {
    this.#send = send;
    this.#canTrail = canTrail;
  }

  /** `start_response` (PEP 3333). */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (replaces && this.#headSent) throw error;
    if (this.#begun !== undefined && !replaces) {
      const message = 'start_response was called twice; pass the error to replace a response';
      throw new AsgiProtocolError('START_RESPONSE_TWICE', message);
    }
    const [, code = ''] = /^([2-5]\d\d)( |$)/.exec(status) ?? [];
    if (code === '') throw new AsgiProtocolError('BAD_EVENT', `${status} is no final status, like '200 OK'`);
    this.#begun = { status: Number(code), headers };
    return (chunk) => {
      this.#written = this.#written.then(() => this.piece(bytesOf(chunk)));
      // Its failure is told at the end of the body, to which everybody comes.
      this.#written.catch(() => undefined);
      return this.#written;
    };
  };

  /** Fields behind the body, where the head can still say that they come. */
  trail(trailers: HeaderList): void {
    if (this.#canTrail) this.#trailers = [...(this.#trailers ?? []), ...trailers];
  }

  /** Sends a piece of the body; resolves when the client has caught up. */
  async piece(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    await this.#sendHead(-1);
    await this.#send({ type: 'http.response.body', body: chunk, more_body: true });
  }

  /** Sends the whole body, of which the length is known. */
  async whole(chunks: readonly Uint8Array[]): Promise<void> {
    await this.#written;
    const filled = chunks.filter(({ length }) => length > 0);
    const last = filled.pop() ?? NOTHING;
    const length = filled.reduce((sum, chunk) => sum + chunk.length, last.length);
    await this.#sendHead(this.#headSent ? -1 : length);
    for (const chunk of filled)
      await this.#send({ type: 'http.response.body', body: chunk, more_body: true });
    await this.#finish(last);
  }

  /** Waits for what was written by `write`. */
  written(): Promise<void> {
    return this.#written;
  }

  /** Ends the body. */
  async end(): Promise<void> {
    await this.#sendHead(-1);
    await this.#finish(NOTHING);
  }

  async #finish(body: Uint8Array): Promise<void> {
    await this.#send({ type: 'http.response.body', body, more_body: false });
    if (this.#announced) {
      await this.#send({
        type: 'http.response.trailers',
        headers: this.#trailers ?? [],
        more_trailers: false,
      });
    }
  }

  #announced = false;

  /** The head, before the first piece (PEP 3333: not before). */
  async #sendHead(wholeLength: number): Promise<void> {
    if (this.#headSent) return;
    if (this.#begun === undefined) {
      throw new AsgiProtocolError('NO_START_RESPONSE', 'the application has not called start_response');
    }
    const { status, headers } = this.#begun;
    this.#headSent = true;
    this.#announced = this.#trailers !== undefined || this.#announces(headers);
    const event: HttpResponseStartEvent = {
      type: 'http.response.start',
      status,
      headers: headers.map(([name, value]) => [name.toLowerCase(), value]),
      trailers: this.#announced,
    };
    const hasLength = headers.some(([name]) => name.toLowerCase() === 'content-length');
    const isBodiless = status === 204 || status === 304;
    if (wholeLength > 0 && !hasLength && !this.#announced && !isBodiless) {
      event.headers = [...(event.headers ?? []), ['content-length', String(wholeLength)]];
    }
    await this.#send(event);
  }

  /** Who names trailers in the head means to send them (RFC 9110 §6.6.2). */
  #announces(headers: HeaderList): boolean {
    return this.#canTrail && headers.some(([name]) => name.toLowerCase() === 'trailer');
  }
}

/** A piece as bytes; a string is UTF-8. @throws AsgiProtocolError BAD_BODY */
export function bytesOf(chunk: BodyChunk): Uint8Array {
  if (typeof chunk === 'string') return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new AsgiProtocolError('BAD_BODY', 'a piece of a body is a string or a Uint8Array');
}
