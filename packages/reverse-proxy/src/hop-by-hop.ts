/** Fields that end at this hop, both ways (RFC 9110 §7.6.1, and those that older software invented). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade',
]); // prettier-ignore

const NO_NAMES: ReadonlySet<string> = new Set();

/** The names, in lower case, that a Connection field declares to be for this hop only. */
export function connectionNames(connection: string | undefined): ReadonlySet<string> {
  // Nearly every message says one of these, or nothing.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NO_NAMES;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

/** A Via field with this hop behind what it had (RFC 9110 §7.6.3). */
export function joinVia(before: string | undefined, protocol: string, viaName: string): string {
  const own = `${protocol === 'HTTP/1.1' ? '1.1' : protocol.replace('HTTP/', '')} ${viaName}`;
  return before === undefined ? own : `${before}, ${own}`;
}
