import type { HeaderList } from '@highball/gateway-protocol';
import type { OutgoingHttpHeaders } from 'node:http2';
import type { ServerFields } from '../server-fields.ts';

/** Fields that have no meaning on a stream (RFC 9113 §8.2.2): an application may send them to HTTP/1.1 clients. */
const DROPPED: ReadonlySet<string> = new Set(['connection', 'http2-settings', 'upgrade']);

type Section = Record<string, string | string[] | number>;

/**
 * The header section of a response, as node:http2 takes it; the application's fields have been checked.
 * @param addedLength - the Content-Length that the server adds; -1 for none.
 */
export function responseSection(
  status: string,
  headers: HeaderList,
  serverFields: ServerFields | undefined,
  addedLength: number,
): OutgoingHttpHeaders {
  const section: Section = { ':status': Number(status.slice(0, 3)) };
  addFields(section, headers);
  if (serverFields !== undefined) {
    section['date'] ??= serverFields.date;
    if (serverFields.name !== false) section['server'] ??= serverFields.name;
  }
  if (addedLength !== -1) section['content-length'] = String(addedLength);
  return section;
}

/** Fields alone, as behind a body. */
export function trailerSection(headers: HeaderList): OutgoingHttpHeaders {
  const section: Section = {};
  addFields(section, headers);
  return section;
}

function addFields(section: Section, headers: HeaderList): void {
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (DROPPED.has(key)) continue;
    // RFC 9113 §8.2.1: no white space around a value.
    const trimmed = value.trim();
    // A field may be called `constructor`.
    const before = Object.hasOwn(section, key) ? section[key] : undefined;
    if (before === undefined) section[key] = trimmed;
    else if (Array.isArray(before)) before.push(trimmed);
    else section[key] = [String(before), trimmed];
  }
}
