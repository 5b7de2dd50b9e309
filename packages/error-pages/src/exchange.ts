import {
  type BodyChunk,
  closeBody,
  type Environ,
  type HeaderList,
  isAsyncBody,
  responseField,
  type ResponseBody,
  type StartResponse,
  type Write,
} from '@highball/gateway-protocol';
import { FirstPiece } from './first-piece.ts';
import type { ErrorPage, MoreFacts } from './page.ts';
import { replacedHead } from './replaced-head.ts';

/** What an exchange needs of the middleware. */
export interface ExchangeSettings {
  readonly interceptAll: boolean;
  readonly requestId: (environ: Environ) => string | undefined;
  page(status: number, accept: string | undefined, more: MoreFacts): ErrorPage;
}

/** The head of an error, until it is known whether it has a body. */
interface HeldHead {
  readonly status: string;
  readonly headers: HeaderList;
  readonly error: unknown;
}

/** Beyond so many empty pieces a body is believed to have something to say, or the loop would stand still. */
const MAX_EMPTY_PIECES = 64;

/** One answer on its way through the middleware. */
export class Exchange {
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #settings: ExchangeSettings;
  #held: HeldHead | undefined;
  #serverWrite: Write | undefined;
  /** Whether the body goes as it is: then no head waits any more. */
  #passes = false;

  constructor(environ: Environ, startResponse: StartResponse, settings: ExchangeSettings) {
    this.#environ = environ;
    this.#startResponse = startResponse;
    this.#settings = settings;
  }

  /** `start_response`, as the application gets it. */
  readonly start: StartResponse = (status, headers, error) => {
    const replaces = error !== undefined && error !== null;
    // The server has the words for a second call without an error.
    if (this.#held !== undefined && !replaces) this.#giveHead();
    const isSecond = this.#serverWrite !== undefined && !replaces;
    if (this.#passes || isSecond || !isError(status) || !Array.isArray(headers)) {
      this.#held = undefined;
      this.#serverWrite = this.#startResponse(status, headers, error);
      return this.#serverWrite;
    }
    this.#held = { status, headers, error };
    return this.#write;
  };

  /** Takes what the application returns, and gives what the server gets. */
  finish(body: ResponseBody): ResponseBody {
    if (this.#held === undefined && this.#serverWrite !== undefined) return this.passOn(body);
    if (this.#held !== undefined && this.#settings.interceptAll) return this.#replace(body);
    if (typeof body === 'string') return this.#finishWhole([body], body);
    if (Array.isArray(body)) return this.#finishWhole(body as BodyChunk[], body);
    if (!isIterable(body)) return this.passOn(body);
    if (isAsyncBody(body)) return new FirstPiece(body, this);
    return this.#finishIterator(body as Iterable<BodyChunk>, body);
  }

  /** Lets the body go as it is; gives the server the head, if it does not have it. */
  passOn(body: ResponseBody): ResponseBody {
    this.#passes = true;
    if (this.#held !== undefined) this.#giveHead();
    return body;
  }

  /** The page in place of a body that turned out to be none; undefined where none is wanted. */
  pageInstead(): string | undefined {
    if (this.#held === undefined || (!this.#settings.interceptAll && this.#isAnswerOfGet())) return undefined;
    const page = this.#givePage();
    return this.#environ.REQUEST_METHOD === 'HEAD' ? '' : page;
  }

  /** Whether the page comes whatever the application has to say. */
  get replacesAll(): boolean {
    return this.#held !== undefined && this.#settings.interceptAll;
  }

  #finishWhole(pieces: readonly BodyChunk[], body: ResponseBody): ResponseBody {
    if (this.#held === undefined) return body;
    const [first, ...more] = pieces.filter((piece) => piece?.length !== 0);
    const saysNothing =
      first === undefined ? !this.#isAnswerOfGet() : more.length === 0 && this.#isBare(first);
    return saysNothing ? this.#replace(body) : this.passOn(body);
  }

  /** A generator may call start_response only when it is asked for its first piece, so that is asked for now. */
  #finishIterator(iterable: Iterable<BodyChunk>, body: ResponseBody): ResponseBody {
    const iterator = iterable[Symbol.iterator]();
    try {
      let first = iterator.next();
      for (let i = 0; !first.done && first.value?.length === 0 && i < MAX_EMPTY_PIECES; i++)
        first = iterator.next();
      if (first.done || this.replacesAll) {
        iterator.return?.();
        const page = this.pageInstead();
        return page === undefined ? this.passOn(body) : this.#pageBody(page, body);
      }
      this.passOn(body);
      return resumed(first.value, iterator, body);
    } catch (error) {
      // The server never gets this body, and cannot close it.
      void closeBody(body);
      throw error;
    }
  }

  #replace(body: ResponseBody): ResponseBody {
    return this.#pageBody(this.#givePage(), body);
  }

  #pageBody(page: string, body: ResponseBody): ResponseBody {
    const pieces = this.#environ.REQUEST_METHOD === 'HEAD' ? [] : [page];
    if (typeof body !== 'object' || typeof body.close !== 'function') return pieces;
    return Object.assign(pieces, { close: () => closeBody(body) });
  }

  #givePage(): string {
    const { status, headers, error } = this.#held as HeldHead;
    const retryAfter = responseField(headers, 'Retry-After');
    const page = this.#settings.page(Number(status.slice(0, 3)), this.#environ['HTTP_ACCEPT'], {
      requestId: this.#settings.requestId(this.#environ),
      retryAfterSeconds:
        retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
    });
    this.#held = undefined;
    this.#passes = true;
    this.#startResponse(status, replacedHead(headers, page), error);
    return page.body;
  }

  #giveHead(): void {
    const { status, headers, error } = this.#held as HeldHead;
    this.#held = undefined;
    this.#serverWrite = this.#startResponse(status, headers, error);
  }

  /** Whether the head of an answer to HEAD speaks of a body that GET would have (RFC 9110 §9.3.2). */
  #isAnswerOfGet(): boolean {
    if (this.#environ.REQUEST_METHOD !== 'HEAD') return false;
    const { headers } = this.#held as HeldHead;
    const length = responseField(headers, 'Content-Length');
    return length === undefined ? responseField(headers, 'Content-Type') !== undefined : Number(length) > 0;
  }

  /** Whether a body says no more than its status line: what a server, a proxy or a router says by default. */
  #isBare(piece: BodyChunk): boolean {
    const { status, headers } = this.#held as HeldHead;
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) return false;
    if (!/^text\/plain\b/i.test(responseField(headers, 'Content-Type') ?? 'text/plain')) return false;
    if (responseField(headers, 'Content-Encoding') !== undefined) return false;
    if (piece.length > status.length + 2) return false;
    const text = typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
    return text.trim() === status || text.trim() === status.slice(4);
  }

  /** `write`, as the application gets it while its head is held: what is written is a body. */
  readonly #write: Write = (chunk) => {
    if (this.#held !== undefined && (chunk.length === 0 || this.#settings.interceptAll)) return undefined;
    this.passOn([]);
    return this.#serverWrite?.(chunk);
  };
}

/** From 400 to 599. 499 is for logs: its client is gone. */
function isError(status: unknown): boolean {
  return typeof status === 'string' && /^[45]\d\d\b/.test(status) && !status.startsWith('499');
}

function isIterable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false;
  return Symbol.iterator in body || Symbol.asyncIterator in body;
}

/** A synchronous body of which the first piece was taken already. */
function resumed(first: BodyChunk, rest: Iterator<BodyChunk>, body: ResponseBody): ResponseBody {
  let taken: BodyChunk | undefined = first;
  const iterator: IterableIterator<BodyChunk> = {
    [Symbol.iterator]: () => iterator,
    next: () => {
      if (taken === undefined) return rest.next();
      const value = taken;
      taken = undefined;
      return { done: false, value };
    },
    return: (value) => rest.return?.(value) ?? { done: true, value },
  };
  return Object.assign(iterator, { close: () => closeBody(body) });
}
