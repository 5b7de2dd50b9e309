import type { BodyChunk } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import { ApplicationError } from './errors.ts';

/** @throws ApplicationError when a piece of a body is none. */
export function checkChunk(chunk: unknown): asserts chunk is BodyChunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  const kind = chunk === null ? 'null' : typeof chunk;
  throw new ApplicationError(
    'BAD_CHUNK',
    `a piece of a body is a string or a Uint8Array, not ${kind}; encode it first`,
  );
}

/** Bytes of a piece, a string as UTF-8. */
export function sizeOf(chunk: BodyChunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}
