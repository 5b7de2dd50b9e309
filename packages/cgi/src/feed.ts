import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Writes a request body to a program's standard input, as fast as it reads, and not a byte more than was promised
 * (RFC 3875 §4.2). A program may read less than it was offered, or nothing; that is no error.
 * @throws what reading the body throws, when the client leaves in the middle.
 */
export async function feed(
  stdin: Writable,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  length: number,
): Promise<void> {
  const closed = new AbortController();
  // EPIPE: the program has closed its input, or has ended.
  stdin.on('error', () => undefined).once('close', () => closed.abort());
  let left = length;
  if (left > 0) {
    for await (const piece of pieces) {
      if (stdin.destroyed || left === 0) break;
      const part = piece.length > left ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (!stdin.write(part) && !(await hasDrained(stdin, closed.signal))) break;
      if (left === 0) break;
    }
  }
  stdin.end();
}

/** Waits until there is room; false when there never will be. */
async function hasDrained(stdin: Writable, signal: AbortSignal): Promise<boolean> {
  try {
    await once(stdin, 'drain', { signal });
    return true;
  } catch {
    return false;
  }
}
