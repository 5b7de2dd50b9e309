import { LocalProtocolError } from './errors.ts';
import { consistsOf, FIELD_VALUE, isToken, TARGET } from './grammar.ts';

/** Fields as pairs of name and value, in the order in which they are sent. */
export type FieldPairs = readonly (readonly [name: string, value: string])[];

/**
 * Writes the head of a response.
 * @param status - code and reason, as `'200 OK'`; the reason may be empty.
 * @param serverLines - lines that the server itself made, each with its CRLF; they are not checked.
 * @returns latin-1 text, up to and with the empty line.
 * @throws LocalProtocolError when something could be read as another field, or another response.
 */
export function serializeResponseHead(status: string, fields: FieldPairs, serverLines = ''): string {
  if (!isStatus(status)) {
    throw new LocalProtocolError(
      'BAD_STATUS_LINE',
      `a status is like '200 OK', not ${JSON.stringify(status)}`,
    );
  }
  return `HTTP/1.1 ${status}\r\n${serializeFields(fields)}${serverLines}\r\n`;
}

/**
 * Writes the head of a request.
 * @throws LocalProtocolError when something could be read as another field, or another request.
 */
export function serializeRequestHead(
  method: string,
  target: string,
  fields: FieldPairs,
  serverLines = '',
): string {
  if (!isToken(method))
    throw new LocalProtocolError('BAD_STATUS_LINE', `${JSON.stringify(method)} is no method`);
  if (target.length === 0 || !consistsOf(TARGET, target)) {
    throw new LocalProtocolError('BAD_STATUS_LINE', `${JSON.stringify(target)} is no request target`);
  }
  return `${method} ${target} HTTP/1.1\r\n${serializeFields(fields)}${serverLines}\r\n`;
}

/**
 * Writes fields, a line each.
 * @throws LocalProtocolError BAD_NAME, BAD_VALUE: CR, LF and NUL would split the message.
 */
export function serializeFields(fields: FieldPairs): string {
  let lines = '';
  for (let i = 0; i < fields.length; i++) {
    const name = fields[i]![0];
    const value = fields[i]![1];
    if (!isToken(name)) throw new LocalProtocolError('BAD_NAME', `${JSON.stringify(name)} is no field name`);
    if (typeof value !== 'string' || !consistsOf(FIELD_VALUE, value)) {
      throw new LocalProtocolError(
        'BAD_VALUE',
        `the value of ${name} cannot be sent: ${JSON.stringify(value)}`,
      );
    }
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/**
 * Writes what stands before the data of a chunk; CRLF stands behind it.
 * @throws LocalProtocolError BAD_SIZE: a chunk of no bytes would end the body.
 */
export function serializeChunkHead(size: number): string {
  if (!(Number.isSafeInteger(size) && size > 0))
    throw new LocalProtocolError('BAD_SIZE', `a chunk of ${size} bytes`);
  return `${size.toString(16)}\r\n`;
}

/**
 * Writes the end of a chunked body.
 * @throws LocalProtocolError when a trailer cannot be sent.
 */
export function serializeLastChunk(trailers: FieldPairs = []): string {
  return trailers.length === 0 ? '0\r\n\r\n' : `0\r\n${serializeFields(trailers)}\r\n`;
}

/** `3DIGIT SP reason-phrase`, from 100 to 999. */
function isStatus(status: string): boolean {
  if (typeof status !== 'string' || status.length < 4) return false;
  for (let i = 0; i < 3; i++) {
    const digit = status.charCodeAt(i) - 0x30;
    if (!(digit >= (i === 0 ? 1 : 0) && digit <= 9)) return false;
  }
  return status.charCodeAt(3) === 0x20 && consistsOf(FIELD_VALUE, status, 4);
}
