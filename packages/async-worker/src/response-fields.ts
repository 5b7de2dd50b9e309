import { CONNECTION_FIELDS, type HeaderList } from '@highball/gateway-protocol';
import { ApplicationError } from './errors.ts';

/** What the fields of an application say about how its response is sent. */
export interface FieldFacts {
  /** -1 without a Content-Length. */
  contentLength: number;
  hasDate: boolean;
  hasServer: boolean;
  /** The application wants the connection closed behind the response. */
  close: boolean;
}

/** What most fields say: nothing. */
export const NO_FACTS: FieldFacts = Object.freeze({
  contentLength: -1,
  hasDate: false,
  hasServer: false,
  close: false,
});

const OF_INTEREST = [...CONNECTION_FIELDS, 'content-length', 'date', 'server'];
/** Most names are of no interest here; their length tells that without lower-casing them. */
const LENGTHS: ReadonlySet<number> = new Set(OF_INTEREST.map((name) => name.length));

/** Whether a field may mean something for the server; false for nearly all. */
export function mayMatter(name: string): boolean {
  return LENGTHS.has(name.length);
}

/**
 * Reads what an application's fields mean for the server.
 * @throws ApplicationError for a field that only the server may send: all hop-by-hop ones but `Connection: close`,
 *   and the Upgrade of a 426 (RFC 9110 §15.5.22); and for a Content-Length that is none.
 */
export function readFields(status: string, headers: HeaderList): FieldFacts {
  let facts = NO_FACTS;
  for (let i = 0; i < headers.length; i++) {
    checkPair(headers[i], i);
    const name = headers[i]![0];
    if (!mayMatter(name)) continue;
    if (facts === NO_FACTS) facts = { ...NO_FACTS };
    note(facts, status, name.toLowerCase(), headers[i]![1]);
  }
  return facts;
}

function checkPair(pair: unknown, index: number): void {
  if (Array.isArray(pair) && typeof pair[0] === 'string' && typeof pair[1] === 'string') return;
  throw new ApplicationError(
    'BAD_HEADERS',
    `header ${index} is no pair of strings; write ['Content-Type', 'text/plain']`,
  );
}

function note(facts: FieldFacts, status: string, name: string, value: string): void {
  if (name === 'content-length') facts.contentLength = readLength(value, facts.contentLength);
  else if (name === 'date') facts.hasDate = true;
  else if (name === 'server') facts.hasServer = true;
  else if (name === 'connection') facts.close = isClose(value);
  else if (CONNECTION_FIELDS.has(name) && !(name === 'upgrade' && status.startsWith('426'))) {
    throw new ApplicationError(
      'SERVER_FIELD',
      `an application must not send ${name}: the connection is the server's`,
    );
  }
}

function readLength(value: string, before: number): number {
  const length = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(length)) {
    throw new ApplicationError('BAD_CONTENT_LENGTH', `Content-Length is a number of bytes, not '${value}'`);
  }
  if (before === -1) return length;
  throw new ApplicationError('BAD_CONTENT_LENGTH', 'Content-Length is sent twice');
}

function isClose(value: string): boolean {
  if (value.toLowerCase() === 'close') return true;
  throw new ApplicationError(
    'SERVER_FIELD',
    `an application may only send 'Connection: close', not '${value}'`,
  );
}

/** Fields that would change how a message is framed or routed, when they come behind it (RFC 9110 §6.5.1). */
const NO_TRAILERS: ReadonlySet<string> = new Set(
  'content-encoding content-length content-range content-type host set-cookie trailer'
    .split(' ')
    .concat([...CONNECTION_FIELDS]),
);

/** @throws ApplicationError for a field that cannot stand in a trailer section. */
export function checkTrailers(trailers: HeaderList): void {
  const wrong = trailers.find(([name]) => NO_TRAILERS.has(name.toLowerCase()));
  if (wrong)
    throw new ApplicationError(
      'SERVER_FIELD',
      `${wrong[0]} cannot be sent behind a body; send it with the head`,
    );
}
