import type { HeaderList } from '@highball/gateway-protocol';
import { serializeFields, serializeResponseHead } from '@highball/http-parser';
import { ApplicationError } from './errors.ts';
import { flatten } from './flatten.ts';
import { type FieldFacts, mayMatter, readFields } from './response-fields.ts';
import type { ResponseFraming } from './response-framing.ts';

/** A head as the application gave it: checked, and written as text once for all responses that have it. */
export interface PreparedHead {
  readonly status: string;
  readonly facts: FieldFacts;
  /** The status line and the fields, without the empty line. */
  readonly text: string;
  /** Whether a response has had it before: only then it is worth to keep more of it. */
  used: boolean;
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

/** Heads that are remembered; each may be as long as one field (see http-parser's limits). */
const SLOTS = 128;
const MAX_TEXT_LENGTH = 4096;

/** The last head of its kind, taken apart: the next has mostly the same names, and most of the values. */
interface Remembered {
  /** Where it stands. */
  readonly slot: number;
  readonly names: string[];
  readonly values: string[];
  readonly lines: string[];
  head: PreparedHead;
  /** The only value that differed the last time, as that of a request's id; -1 for none, or several. */
  varying: number;
  /** The text before its line, and behind it. */
  before: string;
  behind: string;
}

const recent: (Remembered | undefined)[] = Array.from({ length: SLOTS });
/** The one of the last response. */
let latest: Remembered | undefined;
const frozen = new WeakMap<HeaderList, PreparedHead>();

/**
 * Checks and writes a head. One that was seen before is found again: by identity, where the list of headers and its
 * pairs are frozen, else by comparing the strings, which costs a tenth of checking them. Of one that differs from the
 * last of its kind in some values, as by a date or a request's id, only these are checked and written.
 * @throws ApplicationError, LocalProtocolError when it cannot be sent.
 */
export function prepareHead(status: string, headers: HeaderList): PreparedHead {
  const known = frozen.get(headers);
  if (known !== undefined && known.status === status) return known;
  if (!Array.isArray(headers)) {
    const mend = "headers are an array of pairs, as in [['Content-Type', 'text/plain']]";
    throw new ApplicationError('BAD_HEADERS', mend);
  }
  if (!isDeeplyFrozen(headers)) return compareHead(status, headers);
  const head = makeHead(status, headers);
  frozen.set(headers, head);
  return head;
}

function compareHead(status: string, headers: HeaderList): PreparedHead {
  if (latest !== undefined && isOfItsKind(latest, status, headers)) return renewOrForget(latest, headers);
  const slot = slotOf(status, headers);
  const remembered = slot === -1 ? undefined : recent[slot];
  if (remembered !== undefined && isOfItsKind(remembered, status, headers)) {
    return renewOrForget(remembered, headers);
  }
  const head = makeHead(status, headers);
  if (slot !== -1 && head.text.length <= MAX_TEXT_LENGTH && !isWithoutBody(status)) {
    recent[slot] = latest = takeApart(head, headers, slot);
  }
  return head;
}

/** If a value cannot be sent, nothing of what has begun to be renewed is kept. */
function renewOrForget(remembered: Remembered, headers: HeaderList): PreparedHead {
  const { slot } = remembered;
  recent[slot] = latest = undefined;
  const renewed = renew(remembered, headers);
  if (renewed.text.length <= MAX_TEXT_LENGTH) recent[slot] = latest = remembered;
  return renewed;
}

function makeHead(status: string, headers: HeaderList): PreparedHead {
  const facts = readFields(status, headers);
  // RFC 9110 §8.6: a 204 has no Content-Length.
  const drop = facts.contentLength !== -1 && isWithoutBody(status);
  const text = serializeResponseHead(status, drop ? withoutLength(headers) : headers);
  return { status, facts, text: text.slice(0, -2), used: false, whole: undefined };
}

function isWithoutBody(status: string): boolean {
  return status.startsWith('204');
}

function takeApart(head: PreparedHead, headers: HeaderList, slot: number): Remembered {
  return {
    slot,
    names: headers.map(([name]) => name),
    values: headers.map(([, value]) => value),
    lines: headers.map((field) => serializeFields([field])),
    head,
    varying: -1,
    before: '',
    behind: '',
  };
}

/** Where a head is remembered: by its status and its names. -1 for one that is malformed. */
function slotOf(status: string, headers: HeaderList): number {
  let hash = status.length + status.charCodeAt(2);
  for (let i = 0; i < headers.length; i++) {
    const pair: unknown = headers[i];
    if (!Array.isArray(pair) || typeof pair[0] !== 'string' || typeof pair[1] !== 'string') return -1;
    const name: string = pair[0];
    hash = (hash * 31 + name.length * 7 + name.charCodeAt(0)) | 0;
  }
  return hash & (SLOTS - 1);
}

function isOfItsKind({ head, names }: Remembered, status: string, headers: HeaderList): boolean {
  if (head.status !== status || names.length !== headers.length) return false;
  for (let i = 0; i < names.length; i++) {
    const pair: unknown = headers[i];
    if (!Array.isArray(pair) || pair[0] !== names[i] || typeof pair[1] !== 'string') return false;
  }
  return true;
}

/**
 * The head with these values, of which most are known.
 * @throws ApplicationError, LocalProtocolError when one of the others cannot be sent.
 */
function renew(remembered: Remembered, headers: HeaderList): PreparedHead {
  const { names, values, lines, head } = remembered;
  let changed = 0;
  let last = -1;
  let matters = false;
  for (let i = 0; i < names.length; i++) {
    const value = headers[i]![1];
    if (values[i] === value) continue;
    changed++;
    last = i;
    matters ||= mayMatter(names[i]!);
    lines[i] = serializeFields([headers[i]!]);
    values[i] = value;
  }
  if (changed === 0) return head;
  const text = textOf(remembered, changed === 1 ? last : -1);
  const facts = matters ? readFields(head.status, headers) : head.facts;
  remembered.head = { status: head.status, facts, text, used: false, whole: undefined };
  return remembered.head;
}

/** The text of the lines, of which none but one has changed. @param varying - which one; -1 for several. */
function textOf(remembered: Remembered, varying: number): string {
  const { head, lines } = remembered;
  const statusLine = `HTTP/1.1 ${head.status}\r\n`;
  if (varying === -1) {
    remembered.varying = -1;
    return statusLine + lines.join('');
  }
  if (remembered.varying !== varying) {
    remembered.varying = varying;
    remembered.before = flatten(statusLine + lines.slice(0, varying).join(''));
    remembered.behind = flatten(lines.slice(varying + 1).join(''));
  }
  return remembered.before + lines[varying] + remembered.behind;
}

function isDeeplyFrozen(headers: HeaderList): boolean {
  return Object.isFrozen(headers) && headers.every((pair) => Object.isFrozen(pair));
}

function withoutLength(headers: HeaderList): HeaderList {
  return headers.filter(([name]) => name.toLowerCase() !== 'content-length');
}
