/** A part of a body: its first and its last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a Range of one part (RFC 9110 §14.1.2).
 * @returns `'ignore'` for what is malformed, in another unit or of several parts: all of it is sent then
 *   (§14.2 allows that); `'unsatisfiable'` for 416.
 */
export function parseRange(field: string, size: number): ByteRange | 'ignore' | 'unsatisfiable' {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(field);
  if (match === null) return 'ignore';
  const [, first = '', last = ''] = match;
  if (first === '') return suffix(last, size);
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return 'ignore';
  return start < size ? { start, end } : 'unsatisfiable';
}

function suffix(last: string, size: number): ByteRange | 'ignore' | 'unsatisfiable' {
  if (last === '') return 'ignore';
  const length = Math.min(Number(last), size);
  return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
}

/** The chunks that make up a part; none is copied. */
export function sliceChunks(chunks: readonly Uint8Array[], { start, end }: ByteRange): Uint8Array[] {
  const part: Uint8Array[] = [];
  let at = 0;
  for (const chunk of chunks) {
    const from = Math.max(start - at, 0);
    const to = Math.min(end + 1 - at, chunk.length);
    if (from < to) part.push(chunk.subarray(from, to));
    at += chunk.length;
    if (at > end) break;
  }
  return part;
}
