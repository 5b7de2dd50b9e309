import type { Environ } from '@highball/gateway-protocol';
import { CgiRequestError } from './errors.ts';

/** What is taken for a body at first; most are forms of a few fields. */
const FIRST_SPOOL_BYTES = 8192;

/** A body whose length is known, as CGI wants it (RFC 3875 §4.2). */
export interface RequestBody {
  readonly length: number;
  readonly pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/**
 * The body of a request, undefined without one. One that comes in chunks is read first, to be counted.
 * @throws CgiRequestError LENGTH_REQUIRED when it is too long for that.
 */
export async function requestBody(environ: Environ, maxSpoolBytes: number): Promise<RequestBody | undefined> {
  const { CONTENT_LENGTH: length, HTTP_TRANSFER_ENCODING: coding } = environ;
  const input = environ['wsgi.input'];
  if (length !== undefined && length !== '') {
    if (!/^\d{1,15}$/.test(length)) {
      throw new CgiRequestError('BAD_VARIABLE', `Content-Length is no number: ${length}`);
    }
    return { length: Number(length), pieces: input };
  }
  return coding === undefined ? undefined : spool(input, maxSpoolBytes);
}

async function spool(input: AsyncIterable<Uint8Array>, maxBytes: number): Promise<RequestBody> {
  // One buffer that grows: a million pieces of a byte each would cost a hundred times their bytes.
  let bytes = Buffer.alloc(Math.min(FIRST_SPOOL_BYTES, maxBytes));
  let length = 0;
  for await (const piece of input) {
    if (length + piece.length > maxBytes) {
      throw new CgiRequestError(
        'LENGTH_REQUIRED',
        `a body without Content-Length may have ${maxBytes} bytes for a CGI program`,
      );
    }
    if (length + piece.length > bytes.length) bytes = grow(bytes, length + piece.length, maxBytes);
    bytes.set(piece, length);
    length += piece.length;
  }
  return { length, pieces: [bytes.subarray(0, length)] };
}

function grow(bytes: Buffer, least: number, most: number): Buffer<ArrayBuffer> {
  const larger = Buffer.alloc(Math.min(Math.max(2 * bytes.length, least), most));
  bytes.copy(larger);
  return larger;
}
