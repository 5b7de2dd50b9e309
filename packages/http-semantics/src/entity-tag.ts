/** entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE (RFC 9110 §8.8.3) */
const TAGS = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether If-None-Match or If-Match, a list of entity tags or `*`, has this tag.
 *
 * @param tag - of the representation, as ETag has it; undefined when it has none, which only `*` matches.
 * @param comparison - `weak` for If-None-Match; `strong` for If-Match, where a weak tag equals none
 *   (RFC 9110 §8.8.3.2).
 */
export function matchesEntityTag(
  list: string,
  tag: string | undefined,
  comparison: 'strong' | 'weak',
): boolean {
  const isWeak = tag?.startsWith('W/') === true;
  // What browsers send.
  if (list === tag) return comparison === 'weak' || !isWeak;
  if (list.trim() === '*') return true;
  if (tag === undefined || (comparison === 'strong' && isWeak)) return false;
  const opaque = isWeak ? tag.slice('W/'.length) : tag;
  for (const [, weak, other] of list.matchAll(TAGS)) {
    if (other === opaque && (comparison === 'weak' || weak === undefined)) return true;
  }
  return false;
}
