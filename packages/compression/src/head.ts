import type { HeaderField, HeaderList } from '@highball/gateway-protocol';

/** What the head of an answer says that matters here. */
export interface HeadFacts {
  readonly code: number;
  /** The media type, without parameters, in lower case; empty when there is none. */
  readonly mediaType: string;
  /** -1 without a Content-Length. */
  readonly contentLength: number;
  /** Whether these very bytes are meant: encoded already, a part, signed by a digest, or not to be transformed. */
  readonly untouchable: boolean;
  /** Whether the application says `Content-Encoding: identity`: leave it alone, and do not send that. */
  readonly identityAsked: boolean;
}

/** A digest is one of the encoded bytes (RFC 9530 §2, §3); Content-MD5 and Digest are its ancestors. */
const OF_THESE_BYTES: ReadonlySet<string> = new Set(
  'content-range content-digest repr-digest content-md5 digest'.split(' '),
);

/** @returns undefined when it is no head at all, for which the server has its own words. */
export function readHead(status: string, headers: HeaderList): HeadFacts | undefined {
  if (typeof status !== 'string' || !Array.isArray(headers)) return undefined;
  const facts = {
    code: Number(status.slice(0, 3)),
    mediaType: '',
    contentLength: -1,
    untouchable: false,
    identityAsked: false,
  };
  for (const field of headers) {
    if (typeof field?.[0] !== 'string' || typeof field[1] !== 'string') return undefined;
    note(facts, field[0].toLowerCase(), field[1]);
  }
  return facts;
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

function note(facts: Mutable<HeadFacts>, name: string, value: string): void {
  if (name === 'content-type') facts.mediaType = value.split(';', 1)[0]!.trim().toLowerCase();
  else if (name === 'content-length') facts.contentLength = Number(value);
  else if (name === 'content-encoding' && value.trim().toLowerCase() === 'identity')
    facts.identityAsked = true;
  else if (name === 'content-encoding' || OF_THESE_BYTES.has(name)) facts.untouchable = true;
  else if (name === 'cache-control' && forbidsTransform(value)) facts.untouchable = true;
}

/** RFC 9111 §5.2.1.6, §5.2.2.6. */
export function forbidsTransform(cacheControl: string): boolean {
  return /(?:^|[,\s])no-transform(?:$|[,\s])/i.test(cacheControl);
}

/** Says that the answer depends on Accept-Encoding (RFC 9110 §12.5.5), unless that was said already. */
export function withVary(headers: HeaderList): HeaderList {
  let last = -1;
  for (let i = 0; i < headers.length; i++) {
    const [name, value] = headers[i] as HeaderField;
    if (name.toLowerCase() !== 'vary') continue;
    if (/(?:^|[,\s])(?:accept-encoding|\*)(?:$|[,\s])/i.test(value)) return headers;
    last = i;
  }
  if (last === -1) return [...headers, ['Vary', 'Accept-Encoding']];
  const [name, value] = headers[last] as HeaderField;
  return headers.with(last, [name, value.trim() === '' ? 'Accept-Encoding' : `${value}, Accept-Encoding`]);
}

/** Without the fields of these names, which are in lower case. */
export function without(headers: HeaderList, ...names: readonly string[]): HeaderList {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

/**
 * The head of the encoded answer. Its length is another; its entity tag names no bytes any more, only a meaning
 * (RFC 9110 §8.8.1: a strong one would have to be distinct for each coding); and parts of it cannot be had.
 * @param length - bytes of the encoded body, where they are known and the application has told its own; else -1.
 */
export function encodedHead(headers: HeaderList, coding: string, length: number): HeaderList {
  const fields = without(headers, 'content-length', 'accept-ranges');
  fields.push(['Content-Encoding', coding]);
  if (length !== -1) fields.push(['Content-Length', String(length)]);
  return withVary(weakened(fields));
}

/** With the entity tag made weak. */
export function weakened(headers: HeaderList): HeaderList {
  return headers.map((field) =>
    field[0].toLowerCase() === 'etag' && !field[1].startsWith('W/') ? [field[0], `W/${field[1]}`] : field,
  );
}
