import {
  type Application,
  type BodyChunk,
  closeBody,
  type Environ,
  type ErrorStream,
  type ResponseBody,
  type StartResponse,
  type Write,
} from '@highball/gateway-protocol';
import { GatewayApplicationError } from './errors.ts';
import { bytesOf, concat, iterate } from './body-chunks.ts';
import { Outlet } from './outlet.ts';
import { errorPage, ResponseHead } from './response-head.ts';
import type { WebInput } from './web-input.ts';

/** What a response needs to know. */
export interface GatewayResponseContext {
  readonly request: Request;
  readonly environ: Environ;
  readonly input: WebInput;
  readonly errors: ErrorStream;
  readonly maxWriteBytes: number;
}

/** One call of a gateway application, as a `Response` (PEP 3333). */
export class GatewayResponse {
  readonly #context: GatewayResponseContext;
  readonly #outlet: Outlet;
  readonly #promised: PromiseWithResolvers<Response> = Promise.withResolvers();
  #head: ResponseHead | undefined;
  #headSent = false;
  /** Ended by the application, or given up: because the client has left, or something has failed. */
  #over: 'ended' | 'aborted' | undefined;
  #bodyBytes = 0;
  #iterator: Iterator<BodyChunk> | AsyncIterator<BodyChunk> | undefined;
  #body: ResponseBody | undefined;

  constructor(context: GatewayResponseContext) {
    this.#context = context;
    this.#outlet = new Outlet(() => this.#leave(), context.maxWriteBytes);
  }

  /** Calls the application. @returns the response, as soon as its head is known. */
  run(app: Application): Promise<Response> {
    const { signal } = this.#context.request;
    const onAbort = (): void => this.#leave();
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    void this.#run(app).finally(() => signal.removeEventListener('abort', onAbort));
    return this.#promised.promise;
  }

  async #run(app: Application): Promise<void> {
    try {
      this.#body = await app(this.#context.environ, this.#start);
      await this.#send(this.#body);
      this.#end();
    } catch (error) {
      this.#fail(error);
    }
    await this.#close();
  }

  readonly #start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    if (replaces && this.#headSent) throw error;
    this.#mustGoOn('start_response');
    if (this.#head !== undefined && !replaces) {
      throw new GatewayApplicationError(
        'START_RESPONSE_TWICE',
        'start_response was called twice; pass the error to replace a response',
      );
    }
    this.#head = new ResponseHead(status, headers, this.#context.request.method);
    return this.#write;
  };

  readonly #write: Write = (chunk) => {
    this.#mustGoOn('write');
    this.#push(bytesOf(chunk));
    return this.#outlet.full ? this.#outlet.drained() : undefined;
  };

  async #send(body: ResponseBody): Promise<void> {
    if (this.#over) return;
    if (Array.isArray(body) && !this.#headSent) {
      this.#sendWhole(body as BodyChunk[]);
      return;
    }
    const iterator = iterate(body);
    this.#iterator = iterator;
    while (!this.#over) {
      const { done, value } = await iterator.next();
      if (done) return;
      this.#push(bytesOf(value));
      if (this.#head?.bodiless) break;
      if (this.#outlet.full) await this.#outlet.drained();
    }
    await iterator.return?.();
  }

  /** All of the body is there: its length is known, and no stream is needed. */
  #sendWhole(chunks: readonly BodyChunk[]): void {
    const whole = concat(chunks.map(bytesOf));
    this.#count(whole.length);
    this.#settle(whole);
  }

  #push(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#over) return;
    this.#count(bytes.length);
    if (!this.#headSent) this.#settle(this.#outlet.stream);
    if (!this.#head?.bodiless) this.#outlet.push(bytes);
  }

  /** PEP 3333, "Handling the Content-Length Header": never more bytes than were promised. */
  #count(size: number): void {
    this.#bodyBytes += size;
    const promised = this.#head?.contentLength ?? -1;
    if (promised !== -1 && this.#bodyBytes > promised && !this.#head?.bodiless) {
      throw new GatewayApplicationError(
        'BODY_TOO_LONG',
        `the body is longer than Content-Length: ${promised}`,
      );
    }
  }

  /** Gives the runtime its response. From now on the head cannot be replaced. */
  #settle(body: Uint8Array | ReadableStream<Uint8Array>): void {
    if (this.#head === undefined) {
      throw new GatewayApplicationError('NO_START_RESPONSE', 'the application has not called start_response');
    }
    const response = this.#head.toResponse(body);
    this.#headSent = true;
    this.#promised.resolve(response);
  }

  #end(): void {
    if (this.#over) return;
    const { contentLength = -1, bodiless = false } = this.#head ?? {};
    if (contentLength > this.#bodyBytes && !bodiless) {
      throw new GatewayApplicationError(
        'BODY_TOO_SHORT',
        `the body has ${this.#bodyBytes} bytes, and Content-Length says ${contentLength}`,
      );
    }
    if (!this.#headSent) this.#settle(new Uint8Array());
    this.#over = 'ended';
    this.#outlet.end();
  }

  #fail(error: unknown): void {
    // What fails because the client has left is no news.
    if (this.#over) return;
    this.#over = 'aborted';
    void this.#abandonIterator();
    this.#context.errors.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    if (this.#headSent) this.#outlet.fail(error);
    else this.#promised.resolve(errorPage());
  }

  /** The client has left: nothing more is asked of the application, except to close. */
  #leave(): void {
    if (this.#over) return;
    this.#over = 'aborted';
    this.#outlet.abandon();
    // Nobody will see it, but the runtime awaits something.
    if (!this.#headSent) this.#promised.resolve(errorPage());
    void this.#abandonIterator();
    void this.#close();
  }

  /** Not waited for: it may be busy with a piece that never comes. */
  async #abandonIterator(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // Nobody is left to be told.
    }
  }

  /** PEP 3333: `close` is called once, whatever happened. */
  async #close(): Promise<void> {
    const body = this.#body;
    this.#body = undefined;
    try {
      if (body !== undefined) await closeBody(body);
      await this.#context.input.cancel();
    } catch (error) {
      this.#context.errors.write(`close() of a response body failed: ${String(error)}\n`);
    }
  }

  #mustGoOn(callable: string): void {
    if (this.#over !== 'ended') return;
    throw new GatewayApplicationError(
      'RESPONSE_OVER',
      `${callable} was called after the end of the response`,
    );
  }
}
