import { RemoteProtocolError } from './errors.ts';
import { listHas } from './fields.ts';
import { type Framing, responseFraming } from './framing.ts';
import { bodyTooLarge, type HeadFraming, MessageParser } from './message-parser.ts';
import { type ParserOptions, resolveOptions } from './options.ts';
import { persists } from './request-parser.ts';
import { readStatusLine } from './status-line.ts';

/** A parsed response head. All text is latin-1: one character a byte. */
export interface ResponseHead {
  readonly status: number;
  /** Empty where the server sent none. */
  readonly reason: string;
  /** The 1 of HTTP/1.1. */
  readonly minorVersion: 0 | 1;
  /** Flat: name, value, name, value… Names as they were sent, values without the white space around. */
  readonly fields: readonly string[];
  /** The Content-Length; -1 without one. An answer to HEAD, and 304, may have one and yet no body. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** Whether the server lets the connection be used again (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** The protocol of Upgrade, when Connection names it. */
  readonly upgrade: string | undefined;
  /** Whether the body ends with the connection. */
  readonly untilClose: boolean;
}

/** What is told of each response, in this order. */
export interface ResponseHandler {
  /** A 1xx response, but for 101: the real one is still to come. */
  onInformational(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** @param chunk - a view into the bytes that were pushed: copy it to keep it, if their memory is used again. */
  onBody(chunk: Uint8Array): void;
  /** @param trailers - flat, like the fields of the head. */
  onEnd(trailers: readonly string[]): void;
}

/** How many 1xx responses may come before the real one. */
const MAX_INFORMATIONAL = 32;

/**
 * Parses the responses of one connection (RFC 9112). How a body is framed depends on the request, so
 * {@link expect} is called for each request that is sent, in their order.
 *
 * 101, and 2xx to CONNECT, pause the parser at their end: what follows is another protocol; `release()` gives
 * those bytes away.
 */
export class ResponseParser extends MessageParser {
  readonly #handler: ResponseHandler;
  readonly #methods: string[] = [];
  #informational = 0;
  #pauseAtEnd = false;

  constructor(handler: ResponseHandler, options?: ParserOptions) {
    super(resolveOptions(options), 'response');
    this.#handler = handler;
  }

  /** Says that a request of this method was sent, and that its response is waited for. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  protected override checkLine(line: string): void {
    readStatusLine(line, 0, line.length);
  }

  protected override takeHead(text: string, start: number, end: number): HeadFraming {
    const [method] = this.#methods;
    if (method === undefined)
      throw new RemoteProtocolError('UNEXPECTED_RESPONSE', 'a response that nobody asked for');
    const { minorVersion, status, reason } = readStatusLine(text, start, end);
    const facts = this.readFacts(text, false);
    const framing = responseFraming(facts.contentLength, facts.transferEncoding, minorVersion, {
      method,
      status,
    });
    if (!framing.bodiless && framing.contentLength > this.options.maxBodyBytes) {
      throw bodyTooLarge(this.options.maxBodyBytes);
    }
    const { contentLength, chunked, untilClose, bodiless } = framing;
    const upgrade = listHas(facts.connection, 'upgrade') ? facts.upgrade : undefined;
    const keepAlive = !untilClose && persists(facts.connection, minorVersion);
    const { fields } = facts;
    const head = {
      status,
      reason,
      minorVersion,
      fields,
      contentLength,
      chunked,
      keepAlive,
      upgrade,
      untilClose,
    };
    const informational = status < 200 && status !== 101;
    if (informational) {
      if (++this.#informational > MAX_INFORMATIONAL) {
        throw new RemoteProtocolError(
          'UNEXPECTED_RESPONSE',
          `more than ${MAX_INFORMATIONAL} responses of 1xx`,
        );
      }
      this.#handler.onInformational(head);
      return { ...NO_BODY, keepAlive: true, informational };
    }
    this.#informational = 0;
    this.#methods.shift();
    this.#pauseAtEnd = status === 101 || (method === 'CONNECT' && status < 300);
    this.#handler.onHead(head);
    return bodiless ? { ...NO_BODY, keepAlive, informational } : { ...framing, keepAlive, informational };
  }

  protected override takeBody(chunk: Uint8Array): void {
    this.#handler.onBody(chunk);
  }

  protected override takeEnd(trailers: readonly string[]): void {
    if (this.#pauseAtEnd) {
      this.#pauseAtEnd = false;
      this.pause();
    }
    this.#handler.onEnd(trailers);
  }
}

const NO_BODY: Framing = { contentLength: -1, chunked: false, untilClose: false };
