import { type Environ, environKey, type HeaderList } from '@highball/gateway-protocol';
import { fieldValue, listOf } from './fields.ts';

/** Fields whose members stand in no order but that of their weights, and in any case. */
const UNORDERED: ReadonlySet<string> = new Set(['accept-language', 'accept-encoding', 'accept-charset']);

/** The request fields that a response was chosen by (RFC 9110 §12.5.5), sorted, in lower case. */
export function varyNames(fields: HeaderList): string[] {
  return [...new Set(listOf(fieldValue(fields, 'vary')))].toSorted();
}

/** Both lists as one: what any response of a resource was chosen by. */
export function joinNames(some: readonly string[], others: readonly string[]): readonly string[] {
  if (others.every((name) => some.includes(name))) return some;
  return [...new Set([...some, ...others])].toSorted();
}

/**
 * The secondary key: the values of these fields in a request, normalised so that what means the same is the same
 * (RFC 9111 §4.1). Empty without names.
 */
export function variantKey(environ: Environ, names: readonly string[]): string {
  let key = '';
  for (const name of names) {
    const value = valueOf(environ, name);
    // A field that is missing is not one that is empty. No field has an LF in it.
    key += value === undefined ? `\n${name}` : `\n${name}:${normalise(name, value)}`;
  }
  return key;
}

function valueOf(environ: Environ, name: string): string | undefined {
  if (name === 'content-type') return environ.CONTENT_TYPE;
  if (name === 'content-length') return environ.CONTENT_LENGTH;
  return environ[environKey(name)];
}

function normalise(name: string, value: string): string {
  const members = value.split(',').map((member) => member.trim().replaceAll(/\s+/g, ' '));
  if (!UNORDERED.has(name)) return members.join(',');
  return members
    .map((member) => member.toLowerCase().replaceAll(' ', ''))
    .filter((member) => member !== '')
    .toSorted()
    .join(',');
}
