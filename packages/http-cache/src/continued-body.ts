import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { type BodyChunk, type HeaderList, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import { IncompleteResponseError } from './errors.ts';
import { fieldValue } from './fields.ts';

/** Fields that tell bodies apart. */
const TELLING = ['content-encoding', 'content-type', 'etag'];

/** Whether a response that was fetched anew may be the one that was begun. */
export function isSameResponse(
  begun: { readonly status: string; readonly fields: HeaderList },
  anew: { readonly status: string; readonly fields: HeaderList },
): boolean {
  const agree = (name: string): boolean => fieldValue(begun.fields, name) === fieldValue(anew.fields, name);
  // A length that was not told in advance is known in the end.
  const isPromised = fieldValue(begun.fields, 'content-length') !== undefined;
  return begun.status === anew.status && TELLING.every(agree) && (!isPromised || agree('content-length'));
}

/**
 * What is left of a body, after as much of it as was sent already and is still in a file.
 *
 * @throws IncompleteResponseError TRUNCATED when it does not begin with that: what was sent was of another.
 */
export async function* continuedBody(
  body: ResponseBody,
  sent: FileHandle,
  sentBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const each of isAsyncBody(body) ? body : (body as Iterable<BodyChunk>)) {
    const chunk = typeof each === 'string' ? Buffer.from(each) : each;
    const known = Math.min(chunk.length, Math.max(0, sentBytes - at));
    if (known > 0 && !(await holds(sent, at, chunk.subarray(0, known)))) {
      throw new IncompleteResponseError('TRUNCATED', 'it is another response now');
    }
    at += chunk.length;
    if (known < chunk.length) yield chunk.subarray(known);
  }
  if (at < sentBytes) throw new IncompleteResponseError('TRUNCATED', 'it is a shorter response now');
}

async function holds(file: FileHandle, position: number, bytes: Uint8Array): Promise<boolean> {
  const there = Buffer.allocUnsafe(bytes.length);
  const { bytesRead } = await file.read(there, 0, there.length, position);
  return bytesRead === bytes.length && there.equals(bytes);
}
