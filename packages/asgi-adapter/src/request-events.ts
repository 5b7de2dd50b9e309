import type { Environ, HttpReceivedEvent, HttpRequestEvent } from '@highball/gateway-protocol';

const NOTHING = new Uint8Array();

/** What an application of an http scope receives: the pieces of the body, then that the client has left. */
export class RequestEvents {
  readonly #environ: Environ;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  /** Bytes of the body that have yet to come; -1 when that is not known. */
  #remaining: number;
  #bodyEnded = false;
  #over = false;
  /** The call that is under way: the next one waits for its turn. */
  #pending: Promise<unknown> | undefined;
  #turns = 0;
  #waiting: ((event: HttpReceivedEvent) => void) | undefined;
  /** Whether the application was told that the client has left. */
  told = false;

  constructor(environ: Environ) {
    this.#environ = environ;
    this.#remaining = bodyLength(environ);
  }

  /** The response is complete, or nobody wants it any more: there is nothing left to wait for. */
  end(): void {
    this.#over = true;
    this.#waiting?.(this.#tell());
  }

  /** The next event. Calls are served one after the other. */
  receive(): Promise<HttpReceivedEvent> {
    if (this.#pending === undefined) {
      if (this.#over) return Promise.resolve(this.#tell());
      if (this.#remaining === 0 && !this.#bodyEnded) {
        this.#bodyEnded = true;
        return Promise.resolve<HttpRequestEvent>({ type: 'http.request', body: NOTHING, more_body: false });
      }
    }
    const event = this.#inTurn(this.#pending);
    this.#pending = event;
    return event;
  }

  async #inTurn(before: Promise<unknown> | undefined): Promise<HttpReceivedEvent> {
    const turn = ++this.#turns;
    await before;
    const event = await this.#receive();
    if (turn === this.#turns) this.#pending = undefined;
    return event;
  }

  async #receive(): Promise<HttpReceivedEvent> {
    if (this.#over) return this.#tell();
    if (this.#bodyEnded) return this.#disconnected();
    this.#chunks ??= this.#environ['wsgi.input'][Symbol.asyncIterator]();
    try {
      const { done, value } = await this.#chunks.next();
      this.#bodyEnded = done === true || value.length === this.#remaining;
      if (done) return { type: 'http.request', body: NOTHING, more_body: false };
      if (this.#remaining > 0) this.#remaining -= value.length;
      return { type: 'http.request', body: value, more_body: !this.#bodyEnded };
    } catch {
      // The rest of the body will not come: the server knows why, and has said so where it must.
      this.#over = true;
      return this.#tell();
    }
  }

  #disconnected(): Promise<HttpReceivedEvent> {
    const signal = this.#environ['highball.signal']?.();
    if (signal?.aborted) this.#over = true;
    if (this.#over) return Promise.resolve(this.#tell());
    return new Promise((resolve) => {
      this.#waiting = resolve;
      signal?.addEventListener('abort', () => this.end(), { once: true });
    });
  }

  #tell(): HttpReceivedEvent {
    this.told = true;
    return { type: 'http.disconnect' };
  }
}

/** RFC 9112 §6.3: without Content-Length and Transfer-Encoding there is no body. */
function bodyLength(environ: Environ): number {
  const { CONTENT_LENGTH: length } = environ;
  if (length !== undefined && length !== '') return Number(length);
  return environ['HTTP_TRANSFER_ENCODING'] === undefined ? 0 : -1;
}
