import { isToken } from '@highball/http-parser';
import type { OutgoingRequest } from './outgoing-request.ts';
import { serializeLines, unsendable } from './sent-fields.ts';

/** Visible ASCII and bytes beyond (RFC 9112 §3.2; no white space, no control). */
const TARGET = /^[!-~\x80-\xff]+$/;

/** Whether it can stand for a target. */
export function isTarget(text: string): boolean {
  return TARGET.test(text);
}

/**
 * Writes the head of a request, with the fields that frame it.
 * @returns latin-1 text.
 * @throws UpstreamError BAD_REQUEST for what could be read as another request: something in between has made it.
 */
export function serializeRequest(request: OutgoingRequest): string {
  const { method, target, fields, ownFields } = request;
  if ((method !== 'GET' && !isToken(method)) || !isTarget(target)) throw unsendable(`${method} ${target}`);
  const own = ownFields.length === 0 ? '' : serializeLines(ownFields);
  return `${method} ${target} HTTP/1.1\r\n${fields.text}${own}${framingLines(request)}\r\n`;
}

function framingLines({ body, contentLength, expectsContinue, upgrade }: OutgoingRequest): string {
  let lines = '';
  if (contentLength !== undefined) lines += `Content-Length: ${contentLength}\r\n`;
  else if (body !== undefined) lines += 'Transfer-Encoding: chunked\r\n';
  if (expectsContinue) lines += 'Expect: 100-continue\r\n';
  if (upgrade !== undefined) lines += serializeLines(['Connection', 'upgrade', 'Upgrade', upgrade]);
  return lines;
}
