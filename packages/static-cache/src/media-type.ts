import { mimes } from 'mrmime';

/** Types that are text although they do not begin with text/. */
const TEXTUAL =
  /^text\/|^application\/(javascript|json|xml|manifest\+json|ld\+json|[\w.-]+\+xml)$|^image\/svg\+xml$/;

/**
 * The Content-Type of a file by its ending.
 * @param types - by ending, before the usual ones.
 * @param charset - what text is told to be in; false for nothing.
 */
export function contentType(
  name: string,
  types: Readonly<Record<string, string>> = {},
  charset: string | false = 'utf-8',
): string {
  const type = typeOf(name, types) ?? 'application/octet-stream';
  return charset !== false && TEXTUAL.test(type) ? `${type}; charset=${charset}` : type;
}

/** Whether a path looks like that of a file that pages need: a missing script must not be answered with a page. */
export function isAsset(name: string, types: Readonly<Record<string, string>> = {}): boolean {
  const type = typeOf(name, types);
  return type !== undefined && !/^(text\/html|application\/xhtml\+xml)/.test(type);
}

function typeOf(name: string, types: Readonly<Record<string, string>>): string | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  if (dot === -1) return undefined;
  const ending = base.slice(dot + 1).toLowerCase();
  if (Object.hasOwn(types, ending)) return types[ending];
  // Not mrmime's lookup, which finds `constructor` and the like.
  return Object.hasOwn(mimes, ending) ? mimes[ending] : undefined;
}
