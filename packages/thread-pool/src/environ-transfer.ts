import type { Environ, Log } from '@highball/gateway-protocol';
import { OFFERS } from './protocol.ts';

/** Streams, which have a substitute in the thread; callables are left out because they are functions. */
const SUBSTITUTED: ReadonlySet<string> = new Set(['wsgi.input', 'wsgi.errors']);

/** The part of an environ that can go to another thread. */
export function packEnviron(environ: Environ): Record<string, unknown> {
  const packed: Record<string, unknown> = {};
  for (const key in environ) {
    const value = environ[key];
    if (typeof value === 'string' || (typeof value !== 'function' && !SUBSTITUTED.has(key)))
      packed[key] = value;
  }
  return packed;
}

/** What the server can do for this request, as bits of `OFFERS`. */
export function offersOf(environ: Environ): number {
  return (
    (typeof environ['wsgi.early_hints'] === 'function' ? OFFERS.earlyHints : 0) |
    (typeof environ['highball.send_trailers'] === 'function' ? OFFERS.sendTrailers : 0) |
    (typeof environ['highball.trailers'] === 'function' ? OFFERS.trailers : 0) |
    (typeof environ['highball.signal'] === 'function' ? OFFERS.signal : 0) |
    (typeof environ['highball.draining'] === 'function' ? OFFERS.draining : 0)
  );
}

/**
 * Without what a middleware has added and the structured clone refuses. Tried key by key, only after the whole was
 * refused.
 */
export function dropUncloneable(packed: Record<string, unknown>, log: Log): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(packed)) {
    try {
      kept[key] = structuredClone(value);
    } catch (err) {
      log.debug(`environ[${JSON.stringify(key)}] cannot go to a thread and is left out`, { err, key });
    }
  }
  return kept;
}

/** Whether, and how, a request's body comes: see `RequestMessage.input`. */
export function inputOf(environ: Environ): 'none' | 'sent' | 'wanted' {
  if (!mayHaveBody(environ)) return 'none';
  return environ['HTTP_EXPECT'] === undefined ? 'sent' : 'wanted';
}

/** How many bytes of `wsgi.input` are the request's (PEP 3333): it may not be read further if it is not terminated. */
export function inputLength(environ: Environ): number {
  if (environ.CONTENT_LENGTH !== undefined && environ.CONTENT_LENGTH !== '')
    return Number(environ.CONTENT_LENGTH);
  return environ['wsgi.input_terminated'] === true ? Number.POSITIVE_INFINITY : 0;
}

/** In HTTP/1 a request without both of these fields has no body (RFC 9112 §6.3); later versions need neither. */
function mayHaveBody(environ: Environ): boolean {
  if (inputLength(environ) === 0) return false;
  if (environ.CONTENT_LENGTH !== undefined || environ['HTTP_TRANSFER_ENCODING'] !== undefined) return true;
  return !environ.SERVER_PROTOCOL.startsWith('HTTP/1');
}
