import { AsgiProtocolError } from './errors.ts';

// `import` would read all exports of node:http, one of which loads Node's `fetch`: 20 ms of every start.
const { STATUS_CODES } = process.getBuiltinModule('node:http');

const lines: string[] = [];

/**
 * The status as start_response takes it: `200` → `'200 OK'`.
 * @throws AsgiProtocolError BAD_EVENT for what is no final status (RFC 9110 §15).
 */
export function statusLine(status: number): string {
  // A string of digits would find a line as well.
  const known = typeof status === 'number' ? lines[status] : undefined;
  if (known !== undefined) return known;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new AsgiProtocolError('BAD_EVENT', `${status} is no status of a response: send 200 to 599`);
  }
  const line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
  lines[status] = line;
  return line;
}
