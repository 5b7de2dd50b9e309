import type { HeaderList } from '@highball/gateway-protocol';

/** Fields that end at this hop, and so are not stored (RFC 9111 §3.1, RFC 9110 §7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization',
  'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
]); // prettier-ignore

/**
 * Fields of a 304 that do not replace stored ones: they describe the body that is stored, and a 304 has none
 * (RFC 9111 §3.2).
 */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-encoding', 'content-length', 'content-md5', 'content-range', 'content-digest', 'repr-digest', 'digest',
  'etag', 'age',
]); // prettier-ignore

/** The value of a field, its lines joined by commas (RFC 9110 §5.3); `name` is in lower case. */
export function fieldValue(fields: HeaderList, name: string): string | undefined {
  let joined: string | undefined;
  for (const [field, value] of fields) {
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** The members of a comma-separated list, in lower case, without empty ones. */
export function listOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value
    .toLowerCase()
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** The fields without those whose names, in lower case, are in the set. */
export function without(fields: HeaderList, names: ReadonlySet<string>): HeaderList {
  return fields.filter(([name]) => !names.has(name.toLowerCase()));
}

/** The fields of a response that may be stored: none of this hop, none that Connection names. */
export function storableFields(fields: HeaderList, besides: Iterable<string>): HeaderList {
  const dropped = new Set([...HOP_BY_HOP, ...listOf(fieldValue(fields, 'connection')), ...besides]);
  return without(fields, dropped);
}

/** Stored fields after a 304: its own replace those of the same name (RFC 9111 §3.2). */
export function updatedFields(stored: HeaderList, received: HeaderList): HeaderList {
  const fresh = without(storableFields(received, []), OF_THE_BODY);
  return [...without(stored, new Set(fresh.map(([name]) => name.toLowerCase()))), ...fresh];
}
