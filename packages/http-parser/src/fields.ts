import { Buffer } from 'node:buffer';
import { RemoteProtocolError } from './errors.ts';
import { FIRST_SINGLETON, findCommonName, ROLES, roleOfRareName } from './field-names.ts';
import { trimOws } from './grammar.ts';
import type { HeadScanner } from './head-scanner.ts';

/** What the fields of a head say about its message. Lists that came in several fields are joined by a comma. */
export interface FieldFacts {
  /** Flat: name, value, name, value… */
  fields: string[];
  host: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
  upgrade: string | undefined;
}

/** Latin-1 text of bytes: one character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1', start, end);
}

/**
 * Reads the fields that a scanner has found.
 * @param text - the scanned bytes as latin-1, from the scanner's base.
 * @param strict - refuses the second of a field that a message may have only once (RFC 9110 §5.3).
 * @throws RemoteProtocolError REPEATED_FIELD
 */
export function readFields(scanner: HeadScanner, text: string, strict: boolean): FieldFacts {
  const { bytes, base, count, offsets } = scanner;
  const fields: string[] = [];
  const facts = noFacts(fields);
  let seen = 0;
  for (let i = 0; i < count; i++) {
    const start = offsets[4 * i]!;
    const end = offsets[4 * i + 1]!;
    const known = findCommonName(bytes, base + start, base + end);
    const name = known === undefined ? text.substring(start, end) : known.name;
    const role = known === undefined ? roleOfRareName(name) : known.role;
    let value = text.substring(offsets[4 * i + 2]!, offsets[4 * i + 3]!);
    if (scanner.folded) value = unfold(value);
    fields.push(name, value);
    if (role === ROLES.none) continue;
    if (role >= FIRST_SINGLETON && (strict || role === ROLES['content-length'])) {
      seen = checkOnce(seen, role, name);
    }
    note(facts, role, value);
  }
  return facts;
}

/**
 * Reads the fields of a request that came taken apart already.
 * @param fields - flat: name, value, name, value…
 * @throws RemoteProtocolError REPEATED_FIELD
 */
export function factsOf(fields: string[]): FieldFacts {
  const facts = noFacts(fields);
  let seen = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    const role = roleOfRareName(name);
    if (role === ROLES.none) continue;
    if (role >= FIRST_SINGLETON) seen = checkOnce(seen, role, name);
    note(facts, role, fields[i + 1]!);
  }
  return facts;
}

function noFacts(fields: string[]): FieldFacts {
  return {
    fields,
    host: undefined,
    contentLength: undefined,
    transferEncoding: undefined,
    connection: undefined,
    expect: undefined,
    upgrade: undefined,
  };
}

/** @returns what was seen, as bits, with this role. @throws RemoteProtocolError REPEATED_FIELD */
function checkOnce(seen: number, role: number, name: string): number {
  if (seen & (1 << role)) throw new RemoteProtocolError('REPEATED_FIELD', `a second ${name}`);
  return seen | (1 << role);
}

function note(facts: FieldFacts, role: number, value: string): void {
  switch (role) {
    case ROLES.host:
      facts.host = value;
      break;
    case ROLES['content-length']:
      facts.contentLength = value;
      break;
    case ROLES['transfer-encoding']:
      facts.transferEncoding = join(facts.transferEncoding, value);
      break;
    case ROLES.connection:
      facts.connection = join(facts.connection, value);
      break;
    case ROLES.expect:
      facts.expect = join(facts.expect, value);
      break;
    case ROLES.upgrade:
      facts.upgrade = join(facts.upgrade, value);
      break;
    default:
  }
}

function join(first: string | undefined, second: string): string {
  return first === undefined ? second : `${first},${second}`;
}

/** Replaces a fold by one space, as RFC 9112 §5.2 asks of whoever accepts it. */
function unfold(value: string): string {
  return value.replaceAll(/[ \t]*\r?\n[ \t]+/g, ' ');
}

/** Whether a comma-separated list (RFC 9110 §5.6.1) has a token; tokens compare without regard to case. */
export function listHas(list: string | undefined, token: string): boolean {
  if (list === undefined) return false;
  // The usual case first: the list is that token and nothing else.
  if (list === token) return true;
  return list.split(',').some((item) => trimOws(item).toLowerCase() === token);
}
