import {
  Deferred,
  type Environ,
  type HeaderField,
  type HeaderList,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { answerError, answerNobody, type OwnStatus } from './answers.ts';
import type { ResponseBodyStream } from './response-body.ts';
import { responseTrailers } from './trailers.ts';

/** What a request through the proxy is answered with: settled once, by an upstream's answer or by one of our own. */
export class Answer extends Deferred<ResponseBody> {
  readonly environ: Environ;
  readonly #startResponse: StartResponse;
  #settled = false;
  #trailers: readonly string[] | undefined;

  constructor(environ: Environ, startResponse: StartResponse) {
    super();
    this.environ = environ;
    this.#startResponse = startResponse;
  }

  /** Whether it is decided: what becomes of the request from now on is the body's business. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Passes on what an upstream says ahead of its answer (RFC 8297). */
  hint(fields: readonly HeaderField[]): void {
    if (this.#settled) return;
    this.environ['wsgi.early_hints']?.(fields.filter(([name]) => name.toLowerCase() !== 'content-length'));
  }

  begin(status: string, fields: HeaderList): void {
    this.#startResponse(status, fields);
  }

  /** Takes the trailers of the upstream's body; they are sent when its end is. */
  keepTrailers(trailers: readonly string[]): void {
    if (trailers.length > 0) this.#trailers = trailers;
  }

  /** Passes on a body that is here as a whole. */
  passWhole(body: ResponseBodyStream): void {
    this.#sendTrailers();
    this.#settled = true;
    this.resolve(body.take());
  }

  /** Passes on a body that is still coming. @param eager - the client gets to see the head now. */
  passOn(body: ResponseBodyStream, eager: boolean): void {
    body.onEnd = () => this.#sendTrailers();
    // What comes may be long in coming.
    if (eager || body.isEmpty) this.environ['highball.send_head']?.();
    this.#settled = true;
    this.resolve(body);
  }

  /** Answers by ourselves. */
  error(status: OwnStatus): void {
    this.instead((startResponse) => answerError(startResponse, status));
  }

  /** Nobody is there any more to hear it. */
  nobody(): void {
    this.instead(answerNobody);
  }

  /** Lets something else answer; what it throws is the application's error. */
  instead(answer: (startResponse: StartResponse) => ResponseBody | Promise<ResponseBody>): void {
    if (this.#settled) return;
    this.#settled = true;
    try {
      const body = answer(this.#startResponse);
      if (isPromise(body)) {
        body.then(
          (ready) => this.resolve(ready),
          (error: unknown) => this.reject(error),
        );
      } else this.resolve(body);
    } catch (error) {
      this.reject(error);
    }
  }

  /** The proxy itself has failed. */
  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.reject(error);
  }

  #sendTrailers(): void {
    if (this.#trailers === undefined) return;
    this.environ['highball.send_trailers']?.(responseTrailers(this.#trailers));
  }
}

function isPromise(body: ResponseBody | Promise<ResponseBody>): body is Promise<ResponseBody> {
  return 'then' in (body as object);
}
