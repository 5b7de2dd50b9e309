import { RemoteProtocolError } from './errors.ts';
import { type FieldFacts, listHas } from './fields.ts';
import { requestFraming } from './framing.ts';
import { isHost } from './grammar.ts';
import { bodyTooLarge, type HeadFraming, MessageParser } from './message-parser.ts';
import { type ParserOptions, resolveOptions } from './options.ts';
import { readRequestLine, targetAuthority } from './request-line.ts';

/** A parsed request head. All text is latin-1: one character a byte. */
export interface RequestHead {
  readonly method: string;
  /** The target as it was sent. */
  readonly target: string;
  /** The 1 of HTTP/1.1. */
  readonly minorVersion: 0 | 1;
  /** Flat: name, value, name, value… Names as they were sent, values without the white space around. */
  readonly fields: readonly string[];
  /** Whether the fields are those of the request before, byte for byte; then `fields` is the same array. */
  readonly repeated: boolean;
  /** The authority that counts: the target's own, else Host's (RFC 9112 §3.2.2). */
  readonly host: string | undefined;
  /** Bytes of the body; -1 when no length was given. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** Whether the client means to send another request (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** The protocols of Upgrade, when Connection names it, in HTTP/1.1 only (RFC 9110 §7.8). */
  readonly upgrade: string | undefined;
  /** Whether the client waits for 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean;
}

/** What is told of each request, in this order; a pipelined one only after the one before has ended. */
export interface RequestHandler {
  onHead(head: RequestHead): void;
  /** @param chunk - a view into the bytes that were pushed: copy it to keep it, if their memory is used again. */
  onBody(chunk: Uint8Array): void;
  /** @param trailers - flat, like the fields of the head. */
  onEnd(trailers: readonly string[]): void;
}

/** What the fields of a request mean for its server. */
interface FieldMeaning extends HeadFraming {
  readonly facts: FieldFacts;
  readonly minorVersion: 0 | 1;
  readonly host: string | undefined;
  readonly upgrade: string | undefined;
  readonly expectContinue: boolean;
}

/**
 * Parses the requests of one connection: bytes in, calls out, no sockets (RFC 9112).
 *
 * A request that asks for an upgrade, and CONNECT, pauses the parser at its end: what follows may belong to
 * another protocol. `release()` gives those bytes away, `resume()` goes on with HTTP.
 */
export class RequestParser extends MessageParser {
  readonly #handler: RequestHandler;
  #pauseAtEnd = false;
  #meaning: FieldMeaning | undefined;

  constructor(handler: RequestHandler, options?: ParserOptions) {
    super(resolveOptions(options), 'request');
    this.#handler = handler;
  }

  protected override checkLine(line: string): void {
    const { method, target } = readRequestLine(line, 0, line.length);
    targetAuthority(method, target);
  }

  override forget(): void {
    super.forget();
    this.#meaning = undefined;
  }

  protected override takeHead(text: string, start: number, end: number): HeadFraming {
    const { method, target, minorVersion } = readRequestLine(text, start, end);
    if (this.options.methods?.has(method) === false) {
      throw new RemoteProtocolError('METHOD_NOT_IMPLEMENTED', `the method ${method}`);
    }
    const authority = targetAuthority(method, target);
    const facts = this.readFacts(text, true);
    const fields = this.#readMeaning(facts, minorVersion);
    const { contentLength, chunked, keepAlive, upgrade, expectContinue } = fields;
    if (contentLength > this.options.maxBodyBytes) throw bodyTooLarge(this.options.maxBodyBytes);
    this.#pauseAtEnd = upgrade !== undefined || method === 'CONNECT';
    this.#handler.onHead({
      method,
      target,
      minorVersion,
      fields: facts.fields,
      repeated: this.repeats,
      host: authority ?? fields.host,
      contentLength,
      chunked,
      keepAlive,
      upgrade,
      expectContinue,
    });
    return fields;
  }

  /** What the fields mean; the same object for the same fields. */
  #readMeaning(facts: FieldFacts, minorVersion: 0 | 1): FieldMeaning {
    if (this.#meaning?.facts === facts && this.#meaning.minorVersion === minorVersion) return this.#meaning;
    const host = checkHost(facts.host, minorVersion);
    const { contentLength, chunked } = requestFraming(
      facts.contentLength,
      facts.transferEncoding,
      minorVersion,
    );
    this.#meaning = {
      facts,
      minorVersion,
      host,
      contentLength,
      chunked,
      untilClose: false,
      informational: false,
      keepAlive: persists(facts.connection, minorVersion),
      upgrade: wantedUpgrade(facts, minorVersion),
      expectContinue: facts.expect !== undefined && minorVersion === 1 && isContinue(facts.expect),
    };
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

/** Whether the connection goes on after this message (RFC 9112 §9.3). */
export function persists(connection: string | undefined, minorVersion: number): boolean {
  if (connection === undefined) return minorVersion === 1;
  if (connection === 'keep-alive') return true;
  if (listHas(connection, 'close')) return false;
  return minorVersion === 1 || listHas(connection, 'keep-alive');
}

/** @throws RemoteProtocolError MISSING_HOST, BAD_HOST */
function checkHost(host: string | undefined, minorVersion: number): string | undefined {
  if (host === undefined) {
    if (minorVersion === 1) throw new RemoteProtocolError('MISSING_HOST', 'HTTP/1.1 asks for a Host');
  } else if (!isHost(host)) {
    throw new RemoteProtocolError('BAD_HOST', 'Host is no name or address with an optional port');
  }
  return host;
}

function wantedUpgrade(facts: FieldFacts, minorVersion: number): string | undefined {
  if (facts.upgrade === undefined || minorVersion === 0) return undefined;
  return listHas(facts.connection, 'upgrade') ? facts.upgrade : undefined;
}

/** @throws RemoteProtocolError BAD_EXPECTATION for any other one than 100-continue (RFC 9110 §10.1.1) */
export function isContinue(expect: string): boolean {
  if (expect.toLowerCase() === '100-continue') return true;
  throw new RemoteProtocolError('BAD_EXPECTATION', `the expectation '${expect.slice(0, 40)}'`);
}
