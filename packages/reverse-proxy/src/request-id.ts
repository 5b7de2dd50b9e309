import type { Environ } from '@highball/gateway-protocol';
import { randomBytes } from 'node:crypto';

/** What can stand in logs and fields of any system without harm. */
const ID = /^[A-Za-z0-9._~+/=-]{1,128}$/;
/** W3C Trace Context §3.2.2, version 00; ids of nothing but zeros are none. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Half is random and of this process, half counts: unique without a call for random bytes each time. */
const prefix = randomBytes(8).toString('hex') + randomBytes(4).toString('hex');
const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
let counter = 0;
let before = '';

/** 32 hexadecimal digits, as nginx's $request_id. */
function newId(): string {
  const byte = counter & 0xff;
  if (byte === 0) before = prefix + (counter >>> 8).toString(16).padStart(6, '0');
  counter = (counter + 1) >>> 0;
  return before + BYTES[byte];
}

/**
 * The id of a request: what an outer tier has set (`highball.request_id`), else what came as X-Request-Id, if it is
 * well-formed, else a new one. It is set for the tiers within.
 */
export function requestIdOf(environ: Environ): string {
  const known = environ['highball.request_id'];
  if (typeof known === 'string') return known;
  const { HTTP_X_REQUEST_ID: given } = environ;
  const id = given !== undefined && ID.test(given) ? given : newId();
  environ['highball.request_id'] = id;
  return id;
}

/** The traceparent to pass on: the one that came, if it is one, else a new one, not sampled (W3C Trace Context §3.2). */
export function traceparentOf(environ: Environ): string {
  const { HTTP_TRACEPARENT: given } = environ;
  return given !== undefined && TRACEPARENT.test(given) ? given : `00-${newId()}-${newId().slice(16)}-00`;
}
