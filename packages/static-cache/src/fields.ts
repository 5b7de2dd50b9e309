import type { HeaderField, HeaderList } from '@highball/gateway-protocol';

/** Freezes a list of fields and its pairs: what is made of such a list once is right for each answer with it. */
export function freezeFields(fields: HeaderList): HeaderList {
  for (const field of fields) Object.freeze(field);
  return Object.freeze(fields) as HeaderList;
}

/** The list with Expires that was last made of another list, and the time that it names. */
interface Expiring {
  readonly atSeconds: number;
  readonly fields: HeaderList;
}

const expiring = new WeakMap<HeaderList, Expiring>();

/**
 * A frozen list with Expires behind its fields; the same list for a second.
 * @param now - milliseconds since the epoch.
 */
export function withExpires(fields: HeaderList, maxAgeSeconds: number, now: number): HeaderList {
  // 1970 is over in every clock: RFC 9111 §5.3 has any time in the past mean the same.
  const atSeconds = maxAgeSeconds === 0 ? 0 : Math.floor(now / 1000) + maxAgeSeconds;
  const made = expiring.get(fields);
  if (made?.atSeconds === atSeconds) return made.fields;
  const expires: HeaderField = ['Expires', new Date(atSeconds * 1000).toUTCString()];
  const longer = freezeFields([...fields, expires]);
  expiring.set(fields, { atSeconds, fields: longer });
  return longer;
}
