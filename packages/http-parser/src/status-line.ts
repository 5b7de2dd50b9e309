import { RemoteProtocolError } from './errors.ts';
import { readVersion } from './request-line.ts';

/** `HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 §4). */
export interface StatusLine {
  minorVersion: 0 | 1;
  status: number;
  reason: string;
}

/**
 * Reads the status line that stands at the start of a text. The space behind the code may be missing when there
 * is no reason: many servers leave it out, and nothing can be misread.
 * @throws RemoteProtocolError
 */
export function readStatusLine(text: string, start: number, end: number): StatusLine {
  const minorVersion = readVersion(text, start, Math.min(start + 8, end));
  const code = text.substring(start + 8, Math.min(start + 12, end));
  if (!/^ [1-9]\d\d$/.test(code) || (end > start + 12 && text.charCodeAt(start + 12) !== 0x20)) {
    throw new RemoteProtocolError('BAD_STATUS', "a status line is 'HTTP/1.1 CODE REASON'");
  }
  return { minorVersion, status: Number(code), reason: text.slice(start + 13, end) };
}
