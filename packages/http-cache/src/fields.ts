import type { HeaderList } from '@highball/gateway-protocol';
import { connectionNames, HOP_BY_HOP } from '@highball/http-semantics';

/**
 * Fields of a 304 that do not replace stored ones: they describe the body that is stored, and a 304 has none
 * (RFC 9111 §3.2).
 */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-encoding', 'content-length', 'content-md5', 'content-range', 'content-digest', 'repr-digest', 'digest',
  'etag', 'age',
]); // prettier-ignore

/** What is said of one exchange, and would be wrong of another: its name in logs, and how long it took (Server Timing, W3C). */
const OF_THE_EXCHANGE = ['x-request-id', 'server-timing'] as const;

/** The value of a field, its lines joined by commas (RFC 9110 §5.3); `name` is in lower case. */
export function fieldValue(fields: HeaderList, name: string): string | undefined {
  let joined: string | undefined;
  for (const [field, value] of fields) {
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    joined = joined === undefined ? value : `${joined}, ${value}`;
  }
  return joined;
}

/** The fields without those whose names, in lower case, are in the set. */
export function without(fields: HeaderList, names: ReadonlySet<string>): HeaderList {
  return fields.filter(([name]) => !names.has(name.toLowerCase()));
}

/** The fields of a response that may be stored: none of this hop or exchange, none that Connection names. */
export function storableFields(fields: HeaderList, besides: Iterable<string>): HeaderList {
  const named = connectionNames(fieldValue(fields, 'connection'));
  return without(fields, new Set([...HOP_BY_HOP, ...OF_THE_EXCHANGE, ...named, ...besides]));
}

/** Stored fields after a 304: its own replace those of the same name (RFC 9111 §3.2). */
export function updatedFields(stored: HeaderList, received: HeaderList): HeaderList {
  const fresh = without(storableFields(received, []), OF_THE_BODY);
  return [...without(stored, new Set(fresh.map(([name]) => name.toLowerCase()))), ...fresh];
}
