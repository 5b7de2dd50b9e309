import type { HeaderList } from './application.ts';
import type { Environ } from './environ.ts';

/** The environ key of a request field: `If-None-Match` → `HTTP_IF_NONE_MATCH` (RFC 3875 §4.1.18). */
export function environKey(name: string): `HTTP_${string}` {
  return `HTTP_${name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The value of a request field, whatever key the environ has for it: `Content-Type` and `Content-Length`
 * have keys of their own (RFC 3875 §4.1.2, §4.1.3).
 */
export function requestField(environ: Environ, name: string): string | undefined {
  const key = environKey(name);
  if (key === 'HTTP_CONTENT_TYPE') return environ.CONTENT_TYPE;
  if (key === 'HTTP_CONTENT_LENGTH') return environ.CONTENT_LENGTH;
  return environ[key];
}

/** The first value of a response field; names compare without regard to case (RFC 9110 §5.1). */
export function responseField(headers: HeaderList, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find(([field]) => field.toLowerCase() === wanted)?.[1];
}
