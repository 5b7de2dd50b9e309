import { listMembers } from './list.ts';

/**
 * Fields that an intermediary does not pass on, either way, in lower case: those of one connection (RFC 9110 §7.6.1,
 * with Proxy-Connection, Keep-Alive and HTTP2-Settings of older software), and those by which it and its neighbour know each other
 * (RFC 9110 §11.7).
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'http2-settings', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization',
  'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]); // prettier-ignore

const NO_NAMES: ReadonlySet<string> = new Set();

/** The names, in lower case, that a Connection field declares to be for this hop only (RFC 9110 §7.6.1). */
export function connectionNames(connection: string | undefined): ReadonlySet<string> {
  // Nearly every message says one of these, or nothing.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NO_NAMES;
  return new Set(listMembers(connection));
}

/**
 * A Via field with this hop behind what it had (RFC 9110 §7.6.3).
 * @param before - the field that came with the message.
 * @param protocol - that in which the message came: `HTTP/1.1`.
 * @param name - this intermediary's pseudonym.
 */
export function joinVia(before: string | undefined, protocol: string, name: string): string {
  const own = `${protocol === 'HTTP/1.1' ? '1.1' : protocol.replace('HTTP/', '')} ${name}`;
  return before === undefined ? own : `${before}, ${own}`;
}

/**
 * How many more intermediaries a request may pass; undefined where that is not counted: only of OPTIONS and TRACE it
 * is (RFC 9110 §7.6.2). At 0 the request is to be answered and not passed on; else it goes on with one less.
 * @param maxForwards - the field that came with the request.
 */
export function forwardsLeft(method: string, maxForwards: string | undefined): number | undefined {
  if (maxForwards === undefined || (method !== 'OPTIONS' && method !== 'TRACE')) return undefined;
  return /^\d{1,9}$/.test(maxForwards) ? Number(maxForwards) : undefined;
}
