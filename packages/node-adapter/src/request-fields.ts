import type { Environ } from '@highball/gateway-protocol';

/** How many names are remembered: clients choose them, so there must be an end. */
const MAX_NAMES = 2048;

const names = new Map<string, string>();

/**
 * The fields of a request as `rawHeaders` has them: name, value, name, value… They come from the environ and not
 * from the wire, so that what the server left out for safety (an untrusted X-Forwarded-For, `Proxy`) stays out, and
 * what a middleware changed counts. The price: names in their usual case, repeats joined.
 */
export function requestLines(environ: Environ): string[] {
  const lines: string[] = [];
  for (const key in environ) {
    const name = names.get(key) ?? fieldName(key);
    if (name === '') continue;
    const value = environ[key];
    if (typeof value === 'string') lines.push(name, value);
  }
  return lines;
}

/** The field of an environ key: `HTTP_IF_NONE_MATCH` → `If-None-Match`; empty for keys that are no fields. */
function fieldName(key: string): string {
  const name = makeName(key);
  if (names.size >= MAX_NAMES) names.clear();
  names.set(key, name);
  return name;
}

function makeName(key: string): string {
  if (key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH') return capitalise(key);
  return key.startsWith('HTTP_') && key.length > 5 ? capitalise(key.slice(5)) : '';
}

function capitalise(key: string): string {
  return key
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('-');
}
