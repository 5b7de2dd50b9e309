import { CONNECTION_FIELDS, type HeaderList, isApplicationField } from '@highball/gateway-protocol';
import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { http } from './builtin-http.ts';
import { nodeError } from './errors.ts';
import { rawNames } from './internals.ts';

/** What writeHead takes: an object, a flat list, or a list of pairs. */
export type HeadFields =
  | OutgoingHttpHeaders
  | readonly OutgoingHttpHeader[]
  | readonly (readonly [string, OutgoingHttpHeader])[];

/** Puts the fields of writeHead over those that were set before. @throws Node's errors for names and values. */
function mergeFields(response: ServerResponse, fields: HeadFields): void {
  if (!Array.isArray(fields)) {
    for (const [name, value] of Object.entries(fields as OutgoingHttpHeaders)) {
      response.setHeader(name, value as OutgoingHttpHeader);
    }
    return;
  }
  const pairs = pairsOf(fields as readonly OutgoingHttpHeader[]);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value as string);
}

function pairsOf(fields: readonly unknown[]): [string, OutgoingHttpHeader][] {
  if (Array.isArray(fields[0])) return fields as [string, OutgoingHttpHeader][];
  if (fields.length % 2 !== 0) {
    throw nodeError('ERR_INVALID_ARG_VALUE', "The argument 'headers' is invalid: a value is missing");
  }
  const pairs: [string, OutgoingHttpHeader][] = [];
  for (let i = 0; i < fields.length; i += 2)
    pairs.push([String(fields[i]), fields[i + 1] as OutgoingHttpHeader]);
  return pairs;
}

/** The status as start_response takes it. @throws Node's error for what is no status. */
export function statusLine(response: ServerResponse, code: number): string {
  const status = code | 0;
  if (status < 200 || status > 999) {
    throw nodeError('ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${code}`);
  }
  response.statusMessage ||= http.STATUS_CODES[status] ?? 'unknown';
  return `${status} ${response.statusMessage}`;
}

/**
 * The fields of an answer, in their order and as they were written: those that setHeader has gathered, and over them
 * those of writeHead. Without the former the latter go by Node's store, as they do in node:http; their names and
 * values are then checked by the server, which has to do it anyhow.
 * @throws Node's errors for names and values.
 */
export function headerList(response: ServerResponse, given: HeadFields | undefined): HeaderList {
  if (given !== undefined && response.getHeaderNames().length > 0) mergeFields(response, given);
  else if (given !== undefined) return sendable(fieldPairs(given), response.statusCode);
  const list: HeaderList = [];
  for (const name of rawNames(response)) addField(list, name, response.getHeader(name));
  return sendable(list, response.statusCode);
}

/** Most names are none of the connection's; their length tells that without lower-casing them. */
const LENGTHS: ReadonlySet<number> = new Set(Array.from(CONNECTION_FIELDS, (name) => name.length));

/**
 * Without the fields of the connection, which handlers for node:http set in good faith (`Connection: keep-alive` for
 * server-sent events, `Transfer-Encoding: chunked`): the server does by itself what they ask for.
 */
function sendable(list: HeaderList, status: number): HeaderList {
  for (let i = 0; i < list.length; i++) {
    const [name, value] = list[i] as [string, string];
    if (!LENGTHS.has(name.length)) continue;
    if (!isApplicationField(name.toLowerCase(), value, status)) list.splice(i--, 1);
  }
  return list;
}

function addField(list: HeaderList, name: string, value: OutgoingHttpHeader | undefined): void {
  if (typeof value === 'string') list.push([name, value]);
  else if (value === undefined) {
    throw nodeError('ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "undefined" for header "${name}"`);
  } else if (!Array.isArray(value)) list.push([name, String(value)]);
  else for (const item of value) list.push([name, String(item)]);
}

/** Fields as writeHead takes them, of which each value may be a list. @throws Node's error for a missing value. */
export function fieldPairs(fields: HeadFields): HeaderList {
  const list: HeaderList = [];
  if (Array.isArray(fields)) {
    for (const [name, value] of pairsOf(fields as readonly unknown[])) addField(list, name, value);
  } else {
    const values = fields as OutgoingHttpHeaders;
    for (const name of Object.keys(values)) addField(list, name, values[name]);
  }
  return list;
}
