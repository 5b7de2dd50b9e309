import { reasonPhrase } from '@highball/http-semantics';
import { AsgiProtocolError } from './errors.ts';

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
  const line = `${status} ${reasonPhrase(status) ?? 'Unknown'}`;
  lines[status] = line;
  return line;
}
