import type { HeaderList } from '@highball/gateway-protocol';
import { serializeResponseHead } from '@highball/http-parser';
import { ApplicationError } from './errors.ts';
import { type FieldFacts, readFields } from './response-fields.ts';
import type { ResponseFraming } from './response-framing.ts';

/** A head as the application gave it: checked, and written as text once for all responses that have it. */
export interface PreparedHead {
  readonly status: string;
  readonly facts: FieldFacts;
  /** The status line and the fields, without the empty line. */
  readonly text: string;
  /** The last whole head that was made of it: the next is mostly the same. */
  whole: WholeHead | undefined;
}

/** A whole head, and what it depends on beside the application's part. */
export interface WholeHead {
  readonly isHead: boolean;
  readonly minorVersion: 0 | 1;
  readonly wholeLength: number;
  readonly framing: ResponseFraming;
  readonly persists: boolean;
  /** The server's own lines: they change every second. */
  readonly serverLines: string;
  readonly text: string;
}

/** Heads that are remembered by what is in them; each may be as long as one field (see http-parser's limits). */
const SLOTS = 128;
const MAX_TEXT_LENGTH = 4096;

interface Remembered {
  /** A copy: an application may change its own. */
  readonly headers: readonly (readonly [string, string])[];
  readonly head: PreparedHead;
}

const recent: (Remembered | undefined)[] = Array.from({ length: SLOTS });
const frozen = new WeakMap<HeaderList, PreparedHead>();

/**
 * Checks and writes a head. One that was seen before is found again: by identity, where the list of headers and its
 * pairs are frozen, else by comparing the strings, which costs a tenth of checking them.
 * @throws ApplicationError, LocalProtocolError when it cannot be sent.
 */
export function prepareHead(status: string, headers: HeaderList): PreparedHead {
  const known = frozen.get(headers);
  if (known !== undefined && known.status === status) return known;
  if (!Array.isArray(headers)) {
    const mend = "headers are an array of pairs, as in [['Content-Type', 'text/plain']]";
    throw new ApplicationError('BAD_HEADERS', mend);
  }
  const slot = slotOf(status, headers);
  const remembered = slot === -1 ? undefined : recent[slot];
  if (remembered !== undefined && isSame(remembered, status, headers)) return remembered.head;
  const head = makeHead(status, headers);
  if (isDeeplyFrozen(headers)) frozen.set(headers, head);
  else if (slot !== -1 && head.text.length <= MAX_TEXT_LENGTH) {
    recent[slot] = { headers: headers.map(([name, value]) => [name, value]), head };
  }
  return head;
}

function makeHead(status: string, headers: HeaderList): PreparedHead {
  const facts = readFields(status, headers);
  // RFC 9110 §8.6: a 204 has no Content-Length.
  const drop = facts.contentLength !== -1 && status.startsWith('204');
  const text = serializeResponseHead(status, drop ? withoutLength(headers) : headers);
  return { status, facts, text: text.slice(0, -2), whole: undefined };
}

/** Where a head is remembered; -1 for one that cannot be, since it is malformed. */
function slotOf(status: string, headers: HeaderList): number {
  let hash = status.length + headers.length;
  for (let i = 0; i < headers.length; i++) {
    const pair: unknown = headers[i];
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') return -1;
    const { length } = pair[1];
    hash = (hash * 31 + length * 7 + (length > 0 ? pair[1].charCodeAt(length - 1) : 0)) | 0;
  }
  return hash & (SLOTS - 1);
}

function isSame({ head, headers: before }: Remembered, status: string, headers: HeaderList): boolean {
  if (head.status !== status || before.length !== headers.length) return false;
  for (let i = 0; i < headers.length; i++) {
    const [name, value] = before[i]!;
    const pair = headers[i]!;
    if (pair[0] !== name || pair[1] !== value) return false;
  }
  return true;
}

function isDeeplyFrozen(headers: HeaderList): boolean {
  return Object.isFrozen(headers) && headers.every((pair) => Object.isFrozen(pair));
}

function withoutLength(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}
