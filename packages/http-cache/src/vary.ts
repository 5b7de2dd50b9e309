import { type Environ, environKey, type HeaderList } from '@highball/gateway-protocol';
import { listMembers } from '@highball/http-semantics';
import { CappedMap } from './capped-map.ts';
import { fieldValue } from './fields.ts';
import { RecentText } from './recent-text.ts';

/** Fields whose members stand in no order but that of their weights, and in any case. */
const UNORDERED: ReadonlySet<string> = new Set(['accept-language', 'accept-encoding', 'accept-charset']);

/** Fields that have keys of their own (RFC 3875 §4.1.2, §4.1.3). */
const OWN_KEYS: Readonly<Record<string, keyof Environ>> = {
  'content-type': 'CONTENT_TYPE',
  'content-length': 'CONTENT_LENGTH',
};

/** The request fields that a response was chosen by (RFC 9110 §12.5.5), sorted, in lower case. */
export function varyNames(fields: HeaderList): string[] {
  return [...new Set(listMembers(fieldValue(fields, 'vary')))].toSorted();
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

/** The key of a variant: the primary key, and the secondary one behind it. */
export function keyOfVariant(url: string, environ: Environ, names: readonly string[]): string {
  const [name] = names;
  const value = name === undefined || names.length > 1 ? undefined : valueOf(environ, name);
  if (value === undefined) return url + variantKey(environ, names);
  let key = recent.get(names, url, value);
  if (key === undefined) {
    key = url + variantKey(environ, names);
    recent.set(names, url, value, key);
  }
  return key;
}

const recent = new RecentText();

/** Clients send few different values of the fields that responses are chosen by; long ones are not worth it. */
const MAX_MEMO = 1000;
const MAX_MEMO_LENGTH = 256;
const unordered = new CappedMap<string>(MAX_MEMO);
const ordered = new CappedMap<string>(MAX_MEMO);
const environKeys = new CappedMap<keyof Environ>(MAX_MEMO);

function valueOf(environ: Environ, name: string): string | undefined {
  let key = environKeys.get(name);
  if (key === undefined) {
    key = OWN_KEYS[name] ?? environKey(name);
    environKeys.set(name, key);
  }
  return environ[key] as string | undefined;
}

function normalise(name: string, value: string): string {
  if (value.length > MAX_MEMO_LENGTH) return normaliseAnew(name, value);
  const memo = UNORDERED.has(name) ? unordered : ordered;
  let result = memo.get(value);
  if (result === undefined) {
    result = normaliseAnew(name, value);
    memo.set(value, result);
  }
  return result;
}

function normaliseAnew(name: string, value: string): string {
  const members = value.split(',').map((member) => member.trim().replaceAll(/\s+/g, ' '));
  if (!UNORDERED.has(name)) return members.join(',');
  return members
    .map((member) => member.toLowerCase().replaceAll(' ', ''))
    .filter((member) => member !== '')
    .toSorted()
    .join(',');
}
