import { isToken } from '@highball/http-parser';
import type { OutgoingHttpHeaders } from 'node:http2';
import { UpstreamError } from '../errors.ts';
import type { OutgoingRequest } from '../outgoing-request.ts';
import { checkValue, type SentFields, unsendable } from '../sent-fields.ts';
import { isTarget } from '../serialize-request.ts';
import { authorityOf, type UpstreamTarget } from '../upstream.ts';

/** Fields by their names in lower case (RFC 9113 §8.2). */
type Fields = Record<string, string | string[]>;

/** Those of many requests, with what the Host field says. */
interface SharedFields {
  readonly host: string | undefined;
  readonly fields: Fields;
}

/** Checked and named once. */
const known = new WeakMap<SentFields, SharedFields>();

/**
 * The fields of a request, as node:http2 takes them: Host is `:authority`, and none says anything about a connection
 * (RFC 9113 §8.2.2, §8.3.1): those of a hop have stayed behind already.
 * @throws UpstreamError BAD_REQUEST for what cannot be said, or could be read as something else.
 */
export function requestHeaders(request: OutgoingRequest, target: UpstreamTarget): OutgoingHttpHeaders {
  const { method, target: path, upgrade, contentLength } = request;
  if (!isToken(method) || !isTarget(path)) throw unsendable(`${method} ${path}`);
  if (upgrade !== undefined || method === 'CONNECT') {
    // An extended CONNECT (RFC 8441) is not offered.
    throw new UpstreamError(
      'BAD_REQUEST',
      `no tunnel over HTTP/2: the request asks for ${upgrade ?? method}`,
    );
  }
  const { host, fields } = sharedFields(request.fields);
  const headers: OutgoingHttpHeaders = {
    __proto__: null as never,
    ':method': method,
    ':scheme': target.tls ? 'https' : 'http',
    ':authority': host ?? ('path' in target ? 'localhost' : authorityOf(target)),
    ':path': path,
    ...fields,
  };
  addFields(headers as Fields, request.ownFields);
  if (contentLength !== undefined) headers['content-length'] = String(contentLength);
  if (request.expectsContinue) headers['expect'] = '100-continue';
  return headers;
}

/** Trailers as node:http2 takes them. @throws UpstreamError BAD_REQUEST */
export function trailerHeaders(trailers: readonly (readonly [string, string])[]): OutgoingHttpHeaders {
  const headers = noFields();
  addFields(headers, trailers.flat());
  return headers;
}

function sharedFields(sent: SentFields): SharedFields {
  let shared = known.get(sent);
  if (shared === undefined) {
    const all = noFields();
    addFields(all, sent.list);
    const { host } = all;
    delete all['host'];
    shared = { host: host?.toString(), fields: all };
    known.set(sent, shared);
  }
  return shared;
}

/** Without what every object has: clients name their fields as they like, `constructor` too. */
function noFields(): Fields {
  return Object.create(null) as Fields;
}

/** Adds a flat list; a name that is there already gets one value more. */
function addFields(headers: Fields, list: readonly string[]): void {
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase();
    const value = list[i + 1] as string;
    if (!isToken(name)) throw unsendable(name);
    checkValue(name, value);
    const before = headers[name];
    if (before === undefined) headers[name] = value;
    else headers[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
}
