/**
 * The arguments of an indexed query (RFC 3875 §4.4): `?one+two` asks for `program one two`. A query with `=` is none,
 * and neither is one that cannot be decoded: then there are no arguments.
 */
export function indexedArguments(method: string, query: string): string[] {
  if ((method !== 'GET' && method !== 'HEAD') || query === '' || query.includes('=')) return [];
  try {
    const words = query.split('+').map(decodeURIComponent);
    return words.some((word) => word.includes('\0')) ? [] : words;
  } catch {
    return [];
  }
}
