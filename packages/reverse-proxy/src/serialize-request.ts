import { isToken } from '@highball/http-parser';
import { UpstreamError } from './errors.ts';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Visible ASCII and bytes beyond (RFC 9112 §3.2; no white space, no control). */
const TARGET = /^[!-~\x80-\xff]+$/;
/** What would begin another line, or is no byte. */
// oxlint-disable-next-line no-control-regex
const UNSENDABLE = /[\0\r\n\u0100-\uffff]/;

/**
 * Writes the head of a request, with the fields that frame it.
 * @returns latin-1 text.
 * @throws UpstreamError BAD_REQUEST for what could be read as another request: something in between has made it.
 */
export function serializeRequest(request: OutgoingRequest): string {
  const { method, target, fields, contentLength } = request;
  if (!isToken(method) || !TARGET.test(target)) throw unsendable(`${method} ${target}`);
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < fields.length; i += 2) {
    const value = fields[i + 1] as string;
    if (UNSENDABLE.test(value)) throw unsendable(fields[i] as string);
    head += `${fields[i]}: ${value}\r\n`;
  }
  if (contentLength !== undefined) head += `Content-Length: ${contentLength}\r\n`;
  else if (request.body !== undefined) head += 'Transfer-Encoding: chunked\r\n';
  if (request.expectsContinue) head += 'Expect: 100-continue\r\n';
  if (request.upgrade !== undefined) {
    if (UNSENDABLE.test(request.upgrade)) throw unsendable('Upgrade');
    head += `Connection: upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
  }
  return `${head}\r\n`;
}

function unsendable(what: string): UpstreamError {
  return new UpstreamError(
    'BAD_REQUEST',
    `the request cannot be sent: ${JSON.stringify(what.slice(0, 100))}`,
  );
}
