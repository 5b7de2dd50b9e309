import { RemoteProtocolError } from './errors.ts';
import { factsOf, type FieldFacts } from './fields.ts';
import { requestFraming } from './framing.ts';
import { consistsOf, FIELD_VALUE, isHost, isToken, TARGET } from './grammar.ts';
import { bodyTooLarge } from './message-parser.ts';
import { type ParserOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { isContinue, type RequestHead } from './request-parser.ts';
import { targetAuthority } from './request-line.ts';
import { checkTrailerNames } from './trailers.ts';

/** A request that its protocol brings taken apart, as HTTP/2 does (RFC 9113 §8.3.1). */
export interface RequestParts {
  readonly method: string;
  /** `:path`: a path with its query, or `*`. */
  readonly target: string;
  /** `:authority`; without it, Host counts. */
  readonly authority: string | undefined;
  /** Flat: name, value, name, value…, without the pseudo-fields. It becomes the head's. */
  readonly fields: string[];
  /** Whether the head is all of the request: no body follows, and no trailers. */
  readonly ended: boolean;
}

/** Fields about the connection: HTTP/2 has none of them (RFC 9113 §8.2.2). */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
/** A request line has two spaces and a version beside its method and its target. */
const LINE_BYTES = 10;

/**
 * Checks requests that come taken apart by the rules, and the limits, that {@link RequestParser} has for those that
 * come as text: what one refuses the other refuses, too.
 */
export class RequestChecker {
  readonly #limits: ResolvedOptions;

  /** @throws LocalProtocolError BAD_OPTION */
  constructor(options?: ParserOptions) {
    this.#limits = resolveOptions(options);
  }

  /** @throws RemoteProtocolError */
  head(parts: RequestParts): RequestHead {
    const { method, target, fields, ended } = parts;
    checkLine(method, target, this.#limits);
    checkFields(fields, this.#limits.maxFields, this.#limits);
    const facts = factsOf(fields);
    const { contentLength } = requestFraming(facts.contentLength, undefined, 1);
    if (ended && contentLength > 0) {
      throw new RemoteProtocolError('BAD_CONTENT_LENGTH', 'a Content-Length without a body');
    }
    if (contentLength > this.#limits.maxBodyBytes) throw bodyTooLarge(this.#limits.maxBodyBytes);
    return {
      method,
      target,
      minorVersion: 1,
      fields,
      repeated: false,
      host: hostOf(parts.authority, facts),
      contentLength,
      // Its end is told as that of chunks is, and trailers may follow.
      chunked: !ended,
      keepAlive: true,
      upgrade: undefined,
      expectContinue: !ended && facts.expect !== undefined && isContinue(facts.expect),
    };
  }

  /** @param fields - those behind the body, flat. @throws RemoteProtocolError */
  trailers(fields: readonly string[]): void {
    checkFields(fields, this.#limits.maxTrailerFields, this.#limits);
    checkTrailerNames(fields);
  }

  /** @param received - bytes of the body so far. @throws RemoteProtocolError BODY_TOO_LARGE */
  body(received: number): void {
    if (received > this.#limits.maxBodyBytes) throw bodyTooLarge(this.#limits.maxBodyBytes);
  }
}

function checkLine(method: string, target: string, limits: ResolvedOptions): void {
  if (!isToken(method)) throw new RemoteProtocolError('BAD_METHOD', 'the method is no token');
  if (method.length + target.length + LINE_BYTES > limits.maxRequestLineBytes) {
    throw new RemoteProtocolError('TARGET_TOO_LONG', 'the request target is too long');
  }
  if (limits.methods?.has(method) === false || method === 'CONNECT') {
    throw new RemoteProtocolError('METHOD_NOT_IMPLEMENTED', `the method ${method}`);
  }
  const isPath = target.charCodeAt(0) === SLASH || target === '*';
  if (!isPath || !consistsOf(TARGET, target)) {
    throw new RemoteProtocolError('BAD_TARGET', 'the request target is no path');
  }
  targetAuthority(method, target);
}

const SLASH = 0x2f;

function checkFields(fields: readonly string[], maxFields: number, limits: ResolvedOptions): void {
  let bytes = 0;
  let count = 0;
  let cookieBytes = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const value = fields[i + 1]!;
    checkField(name, value);
    // As a line of text has it: a colon and a space between, CRLF behind.
    let size = name.length + value.length + 2;
    // The parts into which clients take cookies are one field again (RFC 9113 §8.2.3), and count as one.
    const goesOn = cookieBytes > 0 && name === 'cookie';
    if (name === 'cookie') size = cookieBytes += goesOn ? value.length + 2 : size;
    if (!goesOn && ++count > maxFields)
      throw new RemoteProtocolError('TOO_MANY_FIELDS', `more than ${maxFields} fields`);
    if (size > limits.maxFieldBytes) {
      throw new RemoteProtocolError('FIELD_TOO_LARGE', `a field of more than ${limits.maxFieldBytes} bytes`);
    }
    bytes += name.length + value.length + 4;
  }
  if (bytes > limits.maxHeadBytes) {
    throw new RemoteProtocolError('HEAD_TOO_LARGE', `a head of more than ${limits.maxHeadBytes} bytes`);
  }
}

function checkField(name: string, value: string): void {
  if (!isToken(name)) throw new RemoteProtocolError('BAD_FIELD_NAME', 'a field name is no token');
  if (!consistsOf(FIELD_VALUE, value)) {
    throw new RemoteProtocolError('BAD_FIELD_VALUE', `a control character in the value of ${name}`);
  }
  if (OF_THE_CONNECTION.has(name) || (name === 'te' && value.toLowerCase() !== 'trailers')) {
    throw new RemoteProtocolError('BAD_FIELD_NAME', `${name} is about a connection of HTTP/1.1`);
  }
}

/** @throws RemoteProtocolError MISSING_HOST, BAD_HOST; BAD_HOST also when the two name different hosts (RFC 9113 §8.3.1) */
function hostOf(authority: string | undefined, { host }: FieldFacts): string {
  const named = authority ?? host;
  if (named === undefined) throw new RemoteProtocolError('MISSING_HOST', 'neither :authority nor Host');
  if (!isHost(named)) {
    throw new RemoteProtocolError('BAD_HOST', 'the authority is no name or address with an optional port');
  }
  if (host !== undefined && host.toLowerCase() !== named.toLowerCase()) {
    throw new RemoteProtocolError('BAD_HOST', ':authority and Host name different hosts');
  }
  return named;
}
