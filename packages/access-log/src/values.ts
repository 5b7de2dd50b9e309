import { type Environ, environKey, responseField } from '@highball/gateway-protocol';
import type { LogTime } from './log-time.ts';
import type { AccessRecord } from './record.ts';

/** What stands in a line in place of a name; undefined is written `-`, and null in JSON. */
export type Value = (record: AccessRecord, time: LogTime) => string | undefined;

/** A value, and what is known of its text. */
export interface NamedValue {
  readonly read: Value;
  /** `safe`: never anything that must be escaped; `number`: safe, and a number in JSON. */
  readonly kind: 'text' | 'safe' | 'number';
}

export function text(read: Value): NamedValue {
  return { read, kind: 'text' };
}

export function safe(read: Value): NamedValue {
  return { read, kind: 'safe' };
}

export function number(read: Value): NamedValue {
  return { read, kind: 'number' };
}

/** A field of the request. */
export function sentByClient(name: string): NamedValue {
  const key = environKey(name);
  // Two have keys of their own (RFC 3875 §4.1.2, §4.1.3).
  if (key === 'HTTP_CONTENT_TYPE') return text(({ environ }) => environ.CONTENT_TYPE);
  if (key === 'HTTP_CONTENT_LENGTH') return text(({ environ }) => environ.CONTENT_LENGTH);
  return text(({ environ }) => environ[key]);
}

/** A field of the response; repeats are joined, as nginx does. */
export function sentToClient(name: string): NamedValue {
  const wanted = name.toLowerCase();
  return text(({ headers }) => {
    if (headers === undefined) return undefined;
    const first = responseField(headers, wanted);
    if (first === undefined) return undefined;
    const all = headers.filter(([field]) => field.toLowerCase() === wanted);
    return all.length === 1 ? first : all.map(([, value]) => value).join(', ');
  });
}

/** A key of environ, of any type. */
export function inEnviron(key: string): NamedValue {
  return text(({ environ }) => asText(environ[key]));
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol'
    ? undefined
    : String(value as string | number | boolean | bigint);
}

/** The request line: with the target as it was sent, where the server tells it. */
export function requestLine({ environ }: AccessRecord): string {
  return `${environ.REQUEST_METHOD} ${requestTarget(environ)} ${protocolOf(environ)}`;
}

/** The protocol as logs have it: nginx and Apache write HTTP/2.0, and so do programs that read them. */
export function protocolOf({ SERVER_PROTOCOL: protocol }: Environ): string {
  return protocol === 'HTTP/2' ? 'HTTP/2.0' : protocol;
}

/** The target as it was sent, before any rewriting. */
export function requestTarget(environ: Environ): string {
  const original = environ['highball.original_uri'];
  if (typeof original === 'string') return original;
  if (environ.RAW_URI !== undefined) return environ.RAW_URI;
  const path = environ.SCRIPT_NAME + environ.PATH_INFO;
  return environ.QUERY_STRING === '' ? path : `${path}?${environ.QUERY_STRING}`;
}

// Longer than any base64 of a name that is worth a line.
const MAX_CREDENTIALS = 1024;

/** The user: what an authentication has set, or whom the client claims to be (RFC 7617 §2). */
export function remoteUser({ environ }: AccessRecord): string | undefined {
  const known = environ['REMOTE_USER'];
  if (typeof known === 'string' && known !== '') return known;
  const given = environ.HTTP_AUTHORIZATION;
  if (given === undefined || given.length > MAX_CREDENTIALS || !/^basic /i.test(given)) return undefined;
  const pair = Buffer.from(given.slice('basic '.length), 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  return colon > 0 ? pair.slice(0, colon) : undefined;
}

/** Seconds with a number of decimals. */
export function seconds(ms: number, decimals: number): string {
  return (ms / 1000).toFixed(decimals);
}
