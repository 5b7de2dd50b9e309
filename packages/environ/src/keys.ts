/** What becomes of a field whose name has an underscore: it would be taken for the one with a hyphen. */
export type HeaderMap = 'drop' | 'refuse' | 'dangerous';

/** What a name means for environ. */
export interface FieldKey {
  /** The environ key; empty for a field that is left out. */
  readonly key: string;
  readonly kind: 'plain' | 'content' | 'cookie' | 'underscore' | 'dropped' | 'forwarded';
}

/** How many names are remembered: clients choose them, so there must be an end. */
const MAX_NAMES = 2048;

const names = new Map<string, FieldKey>();

/** Fields by which a proxy tells who its client is: what an untrusted peer says there must not reach anyone. */
const FORWARDED_KEYS: ReadonlySet<string> = new Set([
  'HTTP_FORWARDED',
  'HTTP_X_FORWARDED_FOR',
  'HTTP_X_FORWARDED_HOST',
  'HTTP_X_FORWARDED_PORT',
  'HTTP_X_FORWARDED_PREFIX',
  'HTTP_X_FORWARDED_PROTO',
  'HTTP_X_FORWARDED_PROTOCOL',
  'HTTP_X_FORWARDED_SSL',
  'HTTP_X_REAL_IP',
]);

/** The environ key of a field: upper case, hyphens as underscores (RFC 3875 §4.1.18). */
export function fieldKey(name: string): FieldKey {
  const known = names.get(name);
  if (known !== undefined) return known;
  const found = makeKey(name);
  if (names.size >= MAX_NAMES) names.clear();
  names.set(name, found);
  return found;
}

function makeKey(name: string): FieldKey {
  const key = `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
  if (name.includes('_')) return { key, kind: 'underscore' };
  if (key === 'HTTP_CONTENT_TYPE' || key === 'HTTP_CONTENT_LENGTH')
    return { key: key.slice(5), kind: 'content' };
  // httpoxy (CVE-2016-5385): programs take HTTP_PROXY for the proxy that they are to use.
  if (key === 'HTTP_PROXY') return { key, kind: 'dropped' };
  if (key === 'HTTP_COOKIE') return { key, kind: 'cookie' };
  return { key, kind: FORWARDED_KEYS.has(key) ? 'forwarded' : 'plain' };
}
