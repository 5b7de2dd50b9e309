import type { HeaderList } from '@highball/gateway-protocol';
import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { nodeError } from './errors.ts';
import { rawNames } from './internals.ts';

/** What writeHead takes: an object, a flat list, or a list of pairs. */
export type HeadFields =
  | OutgoingHttpHeaders
  | readonly OutgoingHttpHeader[]
  | readonly (readonly [string, OutgoingHttpHeader])[];

/**
 * Fields of the connection, which is the server's (PEP 3333, "Other HTTP Features"). Handlers for node:http set
 * them in good faith (`Connection: keep-alive` for server-sent events, `Transfer-Encoding: chunked`): they are left
 * out, since the server does by itself what they ask for.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Puts the fields of writeHead over those that were set before. @throws Node's errors for names and values. */
export function mergeFields(response: ServerResponse, fields: HeadFields): void {
  if (!Array.isArray(fields)) {
    for (const [name, value] of Object.entries(fields as OutgoingHttpHeaders)) {
      if (value !== undefined) response.setHeader(name, value);
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
  response.statusMessage ||= STATUS_CODES[status] ?? 'unknown';
  return `${status} ${response.statusMessage}`;
}

/** All that setHeader has gathered, in its order and as it was written. */
export function headerList(response: ServerResponse): HeaderList {
  const names = rawNames(response);
  const values = response.getHeaders();
  const list: HeaderList = [];
  let i = 0;
  for (const key in values) {
    const name = names[i++] as string;
    if (!HOP_BY_HOP.has(key)) addField(list, name, key, values[key] as OutgoingHttpHeader);
    else if (keeps(key, String(values[key]), response.statusCode)) list.push([name, String(values[key])]);
  }
  return list;
}

/** `Connection: close` is an application's to say; so is what a 426 offers (RFC 9110 §15.5.22). */
function keeps(key: string, value: string, status: number): boolean {
  if (key === 'connection') return value.toLowerCase() === 'close';
  return key === 'upgrade' && status === 426;
}

function addField(list: HeaderList, name: string, key: string, value: OutgoingHttpHeader): void {
  if (!Array.isArray(value)) list.push([name, typeof value === 'string' ? value : String(value)]);
  // As node:http joins what a client sends.
  else if (key === 'cookie') list.push([name, value.join('; ')]);
  else for (const item of value) list.push([name, String(item)]);
}

/** An object, or a list of pairs, of which each value may be a list. */
export function fieldPairs(fields: HeadFields): HeaderList {
  const entries = Array.isArray(fields)
    ? pairsOf(fields as readonly unknown[])
    : Object.entries(fields as OutgoingHttpHeaders);
  const list: HeaderList = [];
  for (const [name, value] of entries) {
    if (value !== undefined) addField(list, name, name.toLowerCase(), value);
  }
  return list;
}
