import { lookup } from 'mrmime';

/** Types that are text although they do not begin with text/. */
const TEXTUAL =
  /^text\/|^application\/(javascript|json|xml|manifest\+json|ld\+json|[\w.-]+\+xml)$|^image\/svg\+xml$/;

/** The Content-Type of a file by its ending; text is UTF-8 nowadays. */
export function contentType(name: string): string {
  const type = lookup(name) ?? 'application/octet-stream';
  return TEXTUAL.test(type) ? `${type}; charset=utf-8` : type;
}
