import {
  type Application,
  closeBody,
  type Environ,
  type HeaderList,
  type ResponseBody,
} from '@highball/gateway-protocol';
import { describeError, type ErrorRecord, reviveError } from '../error-transfer.ts';
import { ApplicationError } from '../errors.ts';
import { Inlet } from '../inlet.ts';
import type { RequestMessage } from '../protocol.ts';
import { buildEnviron } from './environ.ts';
import { ThreadInput } from './input.ts';
import { type PostToPool, ThreadResponse } from './response.ts';
import { sendBody } from './send-body.ts';

/** What an exchange has of its thread. */
export interface ExchangeOwner {
  readonly windowBytes: number;
  readonly post: PostToPool;
  /** Aborted when the server begins to drain. */
  draining(askedBy: number): AbortSignal;
  /** The request is over, all that was to be said of it was said. */
  onOver(id: number): void;
}

/** One request inside a thread: calls the application and sends what it returns to the pool. */
export class ThreadExchange {
  readonly #id: number;
  readonly #owner: ExchangeOwner;
  readonly #inlet: Inlet;
  readonly #input: ThreadInput;
  readonly #response: ThreadResponse;
  readonly #environ: Environ;
  #requestTrailers: HeaderList = [];
  #controller: AbortController | undefined;
  #departure: Error | undefined;
  /** Whether nothing of the response is wanted any more; the pool waits for the end all the same. */
  #cancelled = false;

  constructor(message: RequestMessage, owner: ExchangeOwner) {
    const { id } = message;
    this.#id = id;
    this.#owner = owner;
    this.#inlet = new Inlet(owner.windowBytes, (bytes) => owner.post({ kind: 'grant', id, bytes }));
    this.#input = new ThreadInput(
      this.#inlet,
      message.input === 'wanted' ? () => owner.post({ kind: 'want', id }) : undefined,
    );
    if (message.input === 'none') this.#inlet.end();
    this.#response = new ThreadResponse(id, owner.windowBytes, owner.post);
    this.#environ = buildEnviron(message, {
      input: this.#input,
      log: (text) => owner.post({ kind: 'log', text }),
      sendEarlyHints: (headers) => owner.post({ kind: 'early-hints', id, headers }),
      sendTrailers: (trailers) => this.#response.sendTrailers(trailers),
      trailers: () => (this.#input.consumed ? this.#requestTrailers : []),
      signal: () => this.#signal(),
      draining: () => owner.draining(id),
    });
  }

  /** Calls the application. */
  run(app: Application): void {
    try {
      const body = app(this.#environ, this.#response.start);
      if (isPromise(body)) {
        body.then((ready) => this.#send(ready)).catch((error: unknown) => this.#fail(error));
      } else {
        this.#send(body);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  receiveInput(pieces: readonly (string | Uint8Array)[]): void {
    this.#inlet.push(pieces);
  }

  endInput(trailers: HeaderList): void {
    this.#requestTrailers = trailers;
    this.#inlet.end();
  }

  failInput(error: ErrorRecord): void {
    this.#inlet.fail(reviveError(error));
  }

  grant(bytes: number): void {
    this.#response.grant(bytes);
  }

  /** The client has left. */
  leave(error: ErrorRecord): void {
    this.#departure = reviveError(error);
    this.#controller?.abort(this.#departure);
  }

  /** Nothing of the response is wanted any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#response.abandon();
  }

  #send(body: ResponseBody): void {
    const closing = isClosable(body);
    try {
      const sending = this.#response.over ? undefined : sendBody(body, this.#response, closing);
      if (sending === undefined) this.#close(body);
      else sending.then(() => this.#close(body), (error: unknown) => this.#fail(error, body)); // prettier-ignore
    } catch (error) {
      this.#fail(error, body);
    }
  }

  #fail(error: unknown, body?: ResponseBody): void {
    if (!this.#cancelled) this.#response.fail(describeError(error), isClosable(body));
    this.#close(body);
  }

  /** PEP 3333: `close` is called at the end of the request, whatever happened to it. */
  #close(body: ResponseBody | undefined): void {
    if (!isClosable(body)) {
      if (this.#cancelled) this.#closed();
      else this.#finish();
      return;
    }
    try {
      const closing = closeBody(body);
      if (isPromise(closing))
        closing.then(() => this.#closed(), (error: unknown) => this.#closed(error)); // prettier-ignore
      else this.#closed();
    } catch (error) {
      this.#closed(error);
    }
  }

  #closed(error?: unknown): void {
    const record = error === undefined ? undefined : describeError(error);
    this.#owner.post({ kind: 'closed', id: this.#id, error: record });
    this.#finish();
  }

  #finish(): void {
    // What the application still reads would be waited for in vain. Errors cost too much to make one for nobody.
    if (!this.#inlet.ended) this.#inlet.fail(inputOver());
    this.#owner.onOver(this.#id);
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#departure === undefined) this.#owner.post({ kind: 'watch', id: this.#id });
      else this.#controller.abort(this.#departure);
    }
    return this.#controller.signal;
  }
}

function inputOver(): ApplicationError {
  return new ApplicationError('RESPONSE_OVER', 'wsgi.input was read after the end of the response');
}

function isClosable(body: unknown): body is ResponseBody & { close(): void | Promise<void> } {
  return typeof body === 'object' && body !== null && 'close' in body;
}

function isPromise<Value>(value: unknown): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function';
}
