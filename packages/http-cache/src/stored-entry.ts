import { Buffer } from 'node:buffer';
import { codeOf, type StoredBody, type StoredResponse } from './entry.ts';
import { fieldValue } from './fields.ts';
import type { HeadInFlight } from './peer-messages.ts';

/** What is stored of a response, when all of it has come. */
export function storedEntry(head: HeadInFlight, size: number, body: StoredBody): StoredResponse {
  const { status, fields, freshness, url, variant, tags, position } = head;
  // Nothing is told of the length of what has no body.
  const told = codeOf(status) === 204 || fieldValue(fields, 'content-length') !== undefined;
  return {
    kind: 'response',
    key: url + variant,
    url,
    status,
    fields: told ? fields : [...fields, ['Content-Length', String(size)]],
    freshness,
    tags,
    position,
    size,
    body,
  };
}

/** The same, with the body in memory. */
export function entryInMemory(
  head: HeadInFlight,
  size: number,
  chunks: readonly Uint8Array[],
): StoredResponse {
  return storedEntry(head, size, { kind: 'memory', chunks: compact(chunks, size) });
}

/**
 * A body as it is kept: in memory of its own. A piece is often a view of a socket's buffer of 64 KiB, which it would
 * hold on to, and many small ones cost more than what is in them.
 */
function compact(chunks: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const [only] = chunks;
  if (size === 0 || (chunks.length === 1 && only?.buffer.byteLength === size)) return chunks;
  const whole = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return [whole];
}
