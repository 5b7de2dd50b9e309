import { CONNECTION_FIELDS, type HeaderList } from '@highball/gateway-protocol';
import { CgiProgramError } from './errors.ts';

/** The header of a program's response (RFC 3875 §6.2, §6.3). */
export interface ResponseHeader {
  /** As start_response takes it. */
  readonly status: string;
  readonly fields: HeaderList;
  /** The target of a local redirect (§6.2.2), which is to be answered in place of this response. */
  readonly localRedirect: string | undefined;
}

/** What a header may measure. */
export interface HeaderLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderFields: number;
}

/** Where the header ends, and its body begins. */
export interface HeaderEnd {
  readonly text: string;
  readonly rest: Uint8Array;
}

/** `token ":" value`, without white space between (§6.3; RFC 9110 §5.6.2). */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/;
/** What a value may hold: no CR, LF or NUL, nor other control characters but the tab (RFC 9110 §5.5). */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** `status-code reason-phrase` (§6.3.3); an informational one is no response. */
const STATUS = /^([2-5]\d\d)(?: ([^]*))?$/;
const LF = 0x0a;

/** Each at most once, and at least one of them (§6.3). */
const CGI_FIELDS: ReadonlySet<string> = new Set(['content-type', 'location', 'status']);

/**
 * Looks for the empty line, ended by LF or CRLF (§6.2), in what a program has written so far.
 * @param from - where to begin to look.
 */
export function findHeaderEnd(bytes: Buffer, from: number): HeaderEnd | undefined {
  let lineStart = Math.max(bytes.lastIndexOf(LF, Math.max(from - 1, 0)) + 1, 0);
  if (from === 0) lineStart = 0;
  for (let end = bytes.indexOf(LF, lineStart); end !== -1; end = bytes.indexOf(LF, lineStart)) {
    const isEmpty = end === lineStart || (end === lineStart + 1 && bytes[lineStart] === 0x0d);
    if (isEmpty) return { text: bytes.toString('latin1', 0, lineStart), rest: bytes.subarray(end + 1) };
    lineStart = end + 1;
  }
  return undefined;
}

/** Status is for the server; so is how the message is framed. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set([...CONNECTION_FIELDS, 'status', 'trailer']);

/**
 * Reads the header of a response.
 * @throws CgiProgramError when it is none.
 */
export function parseHeader(text: string, limits: HeaderLimits): ResponseHeader {
  const lines = text.split(/\r?\n/).slice(0, -1);
  if (lines.length > limits.maxHeaderFields) {
    throw new CgiProgramError('HEADER_TOO_LARGE', `more than ${limits.maxHeaderFields} fields`);
  }
  const fields: HeaderList = [];
  const own = new Map<string, string>();
  for (const line of lines) {
    const { name, value } = parseField(line);
    const lower = name.toLowerCase();
    if (CGI_FIELDS.has(lower)) {
      if (own.has(lower)) throw new CgiProgramError('REPEATED_CGI_FIELD', `${name} is sent twice`);
      own.set(lower, value);
    }
    if (!NOT_PASSED_ON.has(lower)) fields.push([name, value]);
  }
  if (own.size === 0) {
    throw new CgiProgramError('NO_CGI_FIELD', 'the header has neither Content-Type, Location nor Status');
  }
  return interpret(fields, lines.length, own);
}

function parseField(line: string): { name: string; value: string } {
  const [, name, value = ''] = FIELD.exec(line) ?? [];
  if (name !== undefined && VALUE.test(value)) return { name, value };
  const hint = line.startsWith('HTTP/')
    ? '; programs that write the status line (NPH) are not supported'
    : '';
  throw new CgiProgramError('BAD_FIELD', `${JSON.stringify(line.slice(0, 80))} is no header field${hint}`);
}

/** Which of the four kinds of response it is (§6.2). */
function interpret(fields: HeaderList, count: number, own: ReadonlyMap<string, string>): ResponseHeader {
  const location = own.get('location');
  const status = readStatus(own.get('status'));
  if (location === undefined) return { status: status ?? '200 OK', fields, localRedirect: undefined };
  if (location === '') throw new CgiProgramError('BAD_LOCATION', 'Location is empty');
  // A local redirect has nothing but its Location; with a cookie beside it, it is the client's business.
  const isLocal = count === 1 && /^\/(?!\/)/.test(location) && !location.includes('#');
  return { status: status ?? '302 Found', fields, localRedirect: isLocal ? location : undefined };
}

function readStatus(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const [, code, reason = ''] = STATUS.exec(value) ?? [];
  if (code !== undefined) return `${code} ${reason}`;
  throw new CgiProgramError('BAD_STATUS', `Status is like '404 Not Found', not ${JSON.stringify(value)}`);
}
