import type { Environ } from '@highball/gateway-protocol';

/** Names that are remembered: clients choose them, so there must be an end. */
const MAX_NAMES = 2048;
const names = new Map<string, string>();

/** The fields of a request, as `Headers` takes them: names in lower case, repeats joined as environ has them. */
export function requestFields(environ: Environ): [string, string][] {
  const fields: [string, string][] = [];
  for (const key in environ) {
    if (!key.startsWith('HTTP_')) continue;
    const value = environ[key];
    if (typeof value === 'string') fields.push([fieldName(key), value]);
  }
  if (environ.CONTENT_TYPE) fields.push(['content-type', environ.CONTENT_TYPE]);
  if (environ.CONTENT_LENGTH) fields.push(['content-length', environ.CONTENT_LENGTH]);
  return fields;
}

/** Whether the request has a body that a `Request` may have too: those of GET and HEAD have none (Fetch §5.4). */
export function hasBody(environ: Environ): boolean {
  const { REQUEST_METHOD: method, CONTENT_LENGTH: length } = environ;
  if (method === 'GET' || method === 'HEAD') return false;
  if (length !== undefined && length !== '') return length !== '0';
  return environ.HTTP_TRANSFER_ENCODING !== undefined;
}

/** `HTTP_IF_NONE_MATCH` → `if-none-match` (RFC 3875 §4.1.18, backwards). */
function fieldName(key: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = key.slice(5).toLowerCase().replaceAll('_', '-');
  if (names.size >= MAX_NAMES) names.clear();
  names.set(key, name);
  return name;
}
