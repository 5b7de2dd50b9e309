import type {
  AsgiApplication,
  AsgiReceiveEvent,
  AsgiSendEvent,
  AsgiState,
  Environ,
  HeaderField,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { AsgiProtocolError, ClientDisconnected } from './errors.ts';
import { DONE, isPromise, quietly } from './promises.ts';
import { report } from './report.ts';
import { RequestEvents } from './request-events.ts';
import { Responder, type ResponderOwner } from './responder.ts';
import { httpScope } from './scope.ts';

/** nginx's status for a client that has left; nobody reads it but the access log. */
const CLIENT_CLOSED_REQUEST = '499 Client Closed Request';

/** Runs an event-shaped application for one request of a call-shaped server. */
export class HttpExchange implements ResponderOwner {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #events: RequestEvents;
  readonly #responder: Responder;
  #gone = false;
  /** The first breach of the contract, in case the application does not notice. */
  #breach: Error | undefined;
  #body: ResponseBody | undefined;
  #resolve: ((body: ResponseBody) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(environ: Environ, startResponse: StartResponse) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#events = new RequestEvents(environ);
    this.#responder = new Responder(startResponse, environ.REQUEST_METHOD === 'HEAD', this);
  }

  /** Calls the application. @returns the body, at once where the application has answered at once. */
  run(app: AsgiApplication, state: AsgiState | undefined): ResponseBody | Promise<ResponseBody> {
    const running: unknown = app(httpScope(this.#environ, state), this.#receive, this.#send);
    if (isPromise(running))
      running.then(() => this.#onReturned(), (error: unknown) => this.#onThrown(error)); // prettier-ignore
    else this.#onReturned();
    if (this.#body !== undefined) return this.#body;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  onBody(body: ResponseBody): void {
    this.#body = body;
    this.#resolve?.(body);
  }

  onComplete(): void {
    this.#events.end();
  }

  onStopped(): void {
    this.#gone = true;
    this.#events.end();
  }

  readonly #receive = (): Promise<AsgiReceiveEvent> => this.#events.receive();

  readonly #send = (event: AsgiSendEvent): Promise<void> => {
    if (this.#isGone()) return quietly(new ClientDisconnected());
    try {
      return this.#take(event);
    } catch (error) {
      this.#breach ??= error as Error;
      return quietly(error as Error);
    }
  };

  #take(event: AsgiSendEvent): Promise<void> {
    switch (event.type) {
      case 'http.response.start':
        this.#responder.start(event);
        return DONE;
      case 'http.response.body':
        return this.#responder.body(event.body, event.more_body);
      case 'http.response.trailers':
        return this.#takeTrailers(event.headers, event.more_trailers);
      case 'http.response.early_hint':
        return this.#takeHints(event.links);
      default:
        throw new AsgiProtocolError(
          'UNEXPECTED_EVENT',
          `${String(event.type)} has no place in an http scope`,
        );
    }
  }

  #takeTrailers(headers: readonly HeaderField[], more = false): Promise<void> {
    if (!this.#responder.wantsTrailers) {
      const mend = "start the response with 'trailers: true', and send them behind its body";
      throw new AsgiProtocolError('UNEXPECTED_EVENT', `no trailers are expected: ${mend}`);
    }
    this.#environ['highball.send_trailers']?.(headers as HeaderList);
    if (!more) this.#responder.endTrailers();
    return DONE;
  }

  #takeHints(links: readonly string[]): Promise<void> {
    if (this.#responder.headSent) {
      throw new AsgiProtocolError('UNEXPECTED_EVENT', 'early hints come before the response');
    }
    this.#environ['wsgi.early_hints']?.(links.map((link) => ['Link', link]));
    return DONE;
  }

  /** Who was told that the client has left has no more to send; as long as there is something to send. */
  #isGone(): boolean {
    return this.#gone || (this.#events.told && !this.#responder.complete);
  }

  #onReturned(): void {
    if (this.#responder.complete) return;
    if (this.#isGone()) {
      this.#onThrown(new ClientDisconnected());
      return;
    }
    const [code, what] = this.#responder.headSent
      ? (['INCOMPLETE_RESPONSE', 'in the middle of its response'] as const)
      : (['NO_RESPONSE', 'without a response'] as const);
    const options = this.#breach === undefined ? undefined : { cause: this.#breach };
    this.#onThrown(new AsgiProtocolError(code, `the application returned ${what}`, options));
  }

  #onThrown(error: unknown): void {
    if (this.#responder.complete || this.#gone) report(error, this.#environ);
    else if (this.#responder.headSent) this.#responder.fail(error);
    else if (error instanceof ClientDisconnected) this.#giveUp();
    else this.#fail(error);
  }

  #giveUp(): void {
    try {
      this.#startResponse(CLIENT_CLOSED_REQUEST, []);
      this.onBody([]);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#reject === undefined) throw error;
    this.#reject(error);
  }
}
