import { RemoteProtocolError } from './errors.ts';
import { type FieldFacts, listHas } from './fields.ts';
import { type Framing, responseFraming } from './framing.ts';
import { bodyTooLarge, type HeadFraming, MessageParser } from './message-parser.ts';
import { type ParserOptions, resolveOptions } from './options.ts';
import { persists } from './request-parser.ts';
import { readStatusLine, type StatusLine } from './status-line.ts';

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
  #meaning: HeadMeaning | undefined;

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
    const method = this.#methods[0];
    if (method === undefined)
      throw new RemoteProtocolError('UNEXPECTED_RESPONSE', 'a response that nobody asked for');
    const { head, framing } = this.#read(text, text.substring(start, end), method);
    if (framing.informational) {
      if (++this.#informational > MAX_INFORMATIONAL) {
        throw new RemoteProtocolError(
          'UNEXPECTED_RESPONSE',
          `more than ${MAX_INFORMATIONAL} responses of 1xx`,
        );
      }
      this.#handler.onInformational(head);
      return framing;
    }
    this.#informational = 0;
    this.#methods.shift();
    this.#pauseAtEnd = head.status === 101 || (method === 'CONNECT' && head.status < 300);
    this.#handler.onHead(head);
    return framing;
  }

  /** What a head means; the same objects for the same head to a request of the same method. */
  #read(text: string, line: string, method: string): HeadMeaning {
    const known = this.#meaning;
    const statusLine = known?.line === line ? known.statusLine : readStatusLine(line, 0, line.length);
    const facts = this.readFacts(text, false);
    if (known?.facts === facts && known.statusLine === statusLine && known.method === method) return known;
    const { head, framing } = meaningOf(statusLine, facts, method, this.options.maxBodyBytes);
    this.#meaning = { line, statusLine, facts, method, head, framing };
    return this.#meaning;
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

/** A head that was read, and by what it was. */
interface HeadMeaning {
  readonly line: string;
  readonly statusLine: StatusLine;
  readonly facts: FieldFacts;
  readonly method: string;
  readonly head: ResponseHead;
  readonly framing: HeadFraming;
}

const NO_BODY: Framing = { contentLength: -1, chunked: false, untilClose: false };

function meaningOf(
  { minorVersion, status, reason }: StatusLine,
  facts: FieldFacts,
  method: string,
  maxBodyBytes: number,
): Pick<HeadMeaning, 'head' | 'framing'> {
  const exchange = { method, status };
  const framing = responseFraming(facts.contentLength, facts.transferEncoding, minorVersion, exchange);
  if (!framing.bodiless && framing.contentLength > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  const { contentLength, chunked, untilClose, bodiless } = framing;
  const informational = status < 200 && status !== 101;
  const keepAlive = !untilClose && persists(facts.connection, minorVersion);
  const head: ResponseHead = {
    status,
    reason,
    minorVersion,
    fields: facts.fields,
    contentLength,
    chunked,
    keepAlive,
    upgrade: listHas(facts.connection, 'upgrade') ? facts.upgrade : undefined,
    untilClose,
  };
  const body = bodiless ? NO_BODY : { contentLength, chunked, untilClose };
  return { head, framing: { ...body, keepAlive: informational || keepAlive, informational } };
}
