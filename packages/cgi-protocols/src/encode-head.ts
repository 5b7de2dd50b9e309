import { LocalProtocolError } from './errors.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\0\r\n\u0100-\uffff]/;

/** How the status is written: as CGI's field, or as the line that uWSGI sends. */
export type StatusForm = 'field' | 'line';

/**
 * Writes the head of a response, for a server that speaks uwsgi, SCGI or FastCGI.
 * @param status - code and reason, as `200 OK`.
 * @returns latin-1 bytes, up to and with the empty line.
 * @throws LocalProtocolError BAD_STATUS, BAD_VARIABLE: what could be read as another field.
 */
export function encodeCgiHead(
  status: string,
  fields: readonly (readonly [name: string, value: string])[],
  form: StatusForm = 'field',
): Buffer {
  if (!/^[2-9]\d\d /.test(status) || FORBIDDEN.test(status)) {
    throw new LocalProtocolError('BAD_STATUS', `a status is like '200 OK', not ${JSON.stringify(status)}`);
  }
  let text = form === 'line' ? `HTTP/1.1 ${status}\r\n` : `Status: ${status}\r\n`;
  for (const [name, value] of fields) {
    if (!TOKEN.test(name) || FORBIDDEN.test(value)) {
      throw new LocalProtocolError('BAD_VARIABLE', `the field ${JSON.stringify(name)} cannot be sent`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, 'latin1');
}
