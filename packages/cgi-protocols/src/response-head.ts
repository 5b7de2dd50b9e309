import { RemoteProtocolError } from './errors.ts';

/** The head of a response as CGI has it (RFC 3875 §6). Text is latin-1. */
export interface CgiHead {
  readonly status: number;
  /** Empty where none was given. */
  readonly reason: string;
  /** Flat: name, value, name, value…; without Status. */
  readonly fields: readonly string[];
  /** The Content-Length; -1 without one. */
  readonly contentLength: number;
  /** Whether it is but a local path to go to (RFC 3875 §6.2.2): a Location without a status or a scheme. */
  readonly localRedirect: boolean;
}

/** What a client accepts of a head. */
export interface HeadOptions {
  /** @default 65_536 bytes */
  readonly maxHeadBytes?: number;
  /** @default 200 */
  readonly maxFields?: number;
  /** Whether a status line may stand first: uWSGI and SCGI servers send one, as in HTTP (so does nginx read it). */
  readonly statusLine?: boolean;
}

const MAX_HEAD_BYTES = 65_536;
const MAX_FIELDS = 200;

/** `HTTP/1.1 200 OK`, of which only the rest after the version says something. */
const STATUS_LINE = /^HTTP\/\d(?:\.\d)? +(.*)$/;
/** `3DIGIT [SP reason]` (RFC 3875 §6.3.3). */
const STATUS = /^([1-9]\d\d)(?: (.*))?$/;
/** A token (RFC 9110 §5.6.2); no white space before the colon. */
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/s;
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\0\r\n]/;

const REDIRECT = { status: 302, reason: 'Found' };
const FINE = { status: 200, reason: 'OK' };

/**
 * Reads a head, its lines ended by LF or CRLF (RFC 3875 §6.2), without the empty one.
 * @throws RemoteProtocolError BAD_FIELD, TOO_MANY_FIELDS, BAD_STATUS_FIELD, REPEATED_FIELD, NO_CGI_FIELD
 */
export function readHead(text: string, options: HeadOptions): CgiHead {
  const lines = text.split(/\r?\n/);
  const line = options.statusLine === true ? STATUS_LINE.exec(lines[0] ?? '') : null;
  if (line !== null) lines.shift();
  const maxFields = options.maxFields ?? MAX_FIELDS;
  if (lines.length > maxFields)
    throw new RemoteProtocolError('TOO_MANY_FIELDS', `more than ${maxFields} fields`);
  const fields: string[] = [];
  let status = line?.[1];
  let length: string | undefined;
  let location: string | undefined;
  let hasType = false;
  for (const text of lines) {
    if (text === '') continue;
    const { name, value } = readField(text);
    const lower = name.toLowerCase();
    if (lower === 'status') {
      // Behind a status line it repeats what that has said.
      if (status !== undefined && line === null)
        throw new RemoteProtocolError('REPEATED_FIELD', 'Status twice');
      status = value;
      continue;
    }
    if (lower === 'content-length') {
      if (length !== undefined && length !== value) {
        throw new RemoteProtocolError('REPEATED_FIELD', 'two different lengths');
      }
      if (length !== undefined) continue;
      length = value;
    } else if (lower === 'location') location = value;
    else if (lower === 'content-type') hasType = true;
    else if (lower === 'transfer-encoding') refuseCoding(value);
    fields.push(name, value);
  }
  // "The header fields MUST include at least one CGI field" (§6.3): otherwise this is no CGI response at all.
  if (status === undefined && location === undefined && !hasType && length === undefined) {
    throw new RemoteProtocolError('NO_CGI_FIELD', 'neither Status, nor Content-Type, nor Location');
  }
  return {
    ...(status === undefined ? (location === undefined ? FINE : REDIRECT) : readStatus(status)),
    fields,
    contentLength: readLength(length),
    localRedirect: status === undefined && location?.startsWith('/') === true,
  };
}

function readField(text: string): { name: string; value: string } {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined || value === undefined || FORBIDDEN.test(value)) {
    throw new RemoteProtocolError(
      'BAD_FIELD',
      `a line that is no field: ${JSON.stringify(text.slice(0, 100))}`,
    );
  }
  return { name, value };
}

/**
 * How a body travels is the server's business (RFC 3875 §6.3.4): one that was put into chunks already would be put into
 * chunks once more, and its sizes would be content.
 */
function refuseCoding(value: string): void {
  if (value.toLowerCase() === 'identity') return;
  throw new RemoteProtocolError('BAD_FIELD', `the body has a transfer coding: ${value.slice(0, 100)}`);
}

function readStatus(text: string): { status: number; reason: string } {
  const [, code, reason = ''] = STATUS.exec(text) ?? [];
  // A 1xx would be taken for an answer before the answer.
  if (code === undefined || Number(code) < 200) {
    throw new RemoteProtocolError('BAD_STATUS_FIELD', `the status ${JSON.stringify(text.slice(0, 100))}`);
  }
  return { status: Number(code), reason };
}

function readLength(text: string | undefined): number {
  if (text === undefined) return -1;
  const length = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(length)) {
    throw new RemoteProtocolError('BAD_CONTENT_LENGTH', `the length ${JSON.stringify(text.slice(0, 100))}`);
  }
  return length;
}

/** Finds the end of a head in what comes, piece by piece, and keeps no more than is allowed. */
export class HeadCollector {
  readonly #options: HeadOptions;
  readonly #maxBytes: number;
  #kept: Buffer = Buffer.alloc(0);
  /** Up to where no end was found. */
  #searched = 0;

  constructor(options: HeadOptions = {}) {
    this.#options = options;
    this.#maxBytes = options.maxHeadBytes ?? MAX_HEAD_BYTES;
  }

  /**
   * Takes a piece. @returns the head, once it is whole, and what came behind it.
   * @throws RemoteProtocolError
   */
  push(bytes: Buffer): { head: CgiHead; rest: Buffer } | undefined {
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const end = this.#findEnd(all);
    if ((end?.from ?? all.length) > this.#maxBytes) {
      throw new RemoteProtocolError('HEAD_TOO_LARGE', `a head of more than ${this.#maxBytes} bytes`);
    }
    if (end === undefined) {
      this.#kept = all === bytes ? Buffer.from(bytes) : all;
      return undefined;
    }
    this.#kept = Buffer.alloc(0);
    return { head: readHead(all.toString('latin1', 0, end.from), this.#options), rest: all.subarray(end.to) };
  }

  /** An empty line: LF, then LF or CRLF. */
  #findEnd(all: Buffer): { from: number; to: number } | undefined {
    // A head of no lines at all has neither status nor type; its empty line must still be found.
    if (all[0] === LF) return { from: 0, to: 1 };
    if (all[0] === CR && all[1] === LF) return { from: 0, to: 2 };
    for (let at = all.indexOf(LF, this.#searched); at !== -1; at = all.indexOf(LF, at + 1)) {
      const from = all[at - 1] === CR ? at - 1 : at;
      if (all[at + 1] === LF) return { from, to: at + 2 };
      if (all[at + 1] === CR && all[at + 2] === LF) return { from, to: at + 3 };
    }
    this.#searched = Math.max(0, all.length - 2);
    return undefined;
  }
}

const LF = 0x0a;
const CR = 0x0d;
