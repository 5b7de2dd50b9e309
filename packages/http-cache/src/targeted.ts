import type { HeaderList } from '@highball/gateway-protocol';
import { type Directives, parseDirectives } from './directives.ts';
import { fieldValue } from './fields.ts';

/** Directives whose argument is an Integer, where it stands in a Dictionary (RFC 9213 §2.1). */
const NUMBERS: ReadonlySet<string> = new Set([
  'max-age',
  's-maxage',
  'stale-while-revalidate',
  'stale-if-error',
]);

/** Items of Structured Fields (RFC 9651 §4.2.3): Decimal, Integer, String, Token, Byte Sequence, Boolean. */
const ITEM = String.raw`-?\d{1,12}\.\d{1,3}|-?\d{1,15}|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|[A-Za-z*][\w!#$%&'*+.^|~:/\x60-]*|:[A-Za-z0-9+/=]*:|\?[01]`;
const KEY = String.raw`[a-z*][a-z0-9_.*-]*`;
const PARAMETERS = `(?:; *${KEY}(?:=(?:${ITEM}))?)*`;
const LIST = String.raw`\((?: *(?:${ITEM})${PARAMETERS})*(?: +(?:${ITEM})${PARAMETERS})* *\)`;
const MEMBER = new RegExp(`^(${KEY})(?:=(${ITEM}|${LIST}))?${PARAMETERS}$`);
/** Longer ones are ignored, so that no pattern runs for long. */
const MAX_LENGTH = 1024;

/**
 * Reads a targeted field, which is a Dictionary of Structured Fields.
 * @returns undefined when it is empty or malformed: then it is ignored (RFC 9213 §2.1).
 */
export function parseTargeted(value: string | undefined): Directives | undefined {
  if (value === undefined || value.trim() === '' || value.length > MAX_LENGTH) return undefined;
  const directives = new Map<string, string | undefined>();
  for (const part of value.split(',')) {
    const member = MEMBER.exec(part.trim());
    if (member === null) return undefined;
    const [, name = '', item] = member;
    if (NUMBERS.has(name) && !/^-?\d+$/.test(item ?? '')) return undefined;
    if (item === '?0') directives.delete(name);
    else directives.set(name, item === '?1' ? undefined : item?.replaceAll('"', ''));
  }
  return directives;
}

/** What a response says to this cache. */
export interface ResponseControl {
  readonly directives: Directives;
  /** A targeted field decides: Cache-Control and Expires are for other caches (RFC 9213 §2.2). */
  readonly targeted: boolean;
}

/** @param targets - names of targeted fields, in lower case; the first that can be read decides. */
export function responseControl(fields: HeaderList, targets: readonly string[]): ResponseControl {
  for (const target of targets) {
    const directives = parseTargeted(fieldValue(fields, target));
    if (directives !== undefined) return { directives, targeted: true };
  }
  return { directives: parseDirectives(fieldValue(fields, 'cache-control')), targeted: false };
}
