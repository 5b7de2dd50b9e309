import { type BodyChunk, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import { GatewayApplicationError } from './errors.ts';

const encoder = new TextEncoder();

/** @throws GatewayApplicationError when a piece of a body is none. */
export function bytesOf(chunk: BodyChunk): Uint8Array {
  if (typeof chunk === 'string') return encoder.encode(chunk);
  if ((chunk as unknown) instanceof Uint8Array) return chunk;
  const kind = chunk === null ? 'null' : typeof chunk;
  throw new GatewayApplicationError(
    'BAD_CHUNK',
    `a piece of a body is a string or a Uint8Array, not ${kind}`,
  );
}

/** @throws GatewayApplicationError when a body is none: bytes would iterate as numbers. */
export function iterate(body: ResponseBody): Iterator<BodyChunk> | AsyncIterator<BodyChunk> {
  const isBody = body !== undefined && body !== null && !((body as unknown) instanceof Uint8Array);
  if (isBody && isAsyncBody(body)) return body[Symbol.asyncIterator]();
  if (isBody && Symbol.iterator in Object(body)) return (body as Iterable<BodyChunk>)[Symbol.iterator]();
  throw new GatewayApplicationError(
    'BAD_BODY',
    "the application returned no body: return an iterable of strings or Uint8Arrays, as in ['Hello']",
  );
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
