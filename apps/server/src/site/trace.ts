import { createHash, timingSafeEqual } from 'node:crypto';
import type { Environ, HeaderList, Middleware } from '@highball/gateway-protocol';
import { requestIdOf } from '@highball/reverse-proxy';

/** Who may ask how a request was served, by the field `X-Highball-Explain`: nobody else is told anything. */
export interface ExplainOptions {
  /** Whoever sends this as the field's value; 16 characters or more. */
  readonly secret?: string;
  /** Whoever this lets ask, as `({ REMOTE_ADDR }) => REMOTE_ADDR === '10.0.0.7'`. */
  readonly isTrusted?: (environ: Environ) => boolean;
}

/** What is told of a request besides its answer. */
export interface TraceOptions {
  readonly explain?: ExplainOptions | undefined;
  readonly serverTiming?: boolean | undefined;
  readonly requestId?: boolean | undefined;
}

/** What guesses must not find. */
const LEAST_SECRET_CHARACTERS = 16;
/** Names of rules are people's own words. */
const MOST_CHARACTERS = 200;

/**
 * Tells of each request what it is called in all logs, how long its parts took, and, to those who may know, how it was
 * served. It stands outside of everything, caches above all: what it says is of this request and no other.
 * @returns undefined when nothing is to be told: then it costs nothing.
 * @throws Error when the secret is too short.
 */
export function trace(
  { explain, serverTiming = false, requestId = false }: TraceOptions,
  now: () => number = () => performance.now(),
): Middleware | undefined {
  if (explain === undefined && !serverTiming && !requestId) return undefined;
  const mayAsk = explain && compileExplain(explain);
  return (app) => (environ, startResponse) => {
    const startedAt = now();
    const asked = mayAsk?.(environ) ?? false;
    // It is for this server, and its secret for nobody behind.
    if (mayAsk !== undefined) delete environ[FIELD];
    const id = requestId ? requestIdOf(environ) : undefined;
    return app(environ, (status, headers, error) => {
      const fields = id === undefined ? [...headers] : [...headers.filter(isNoRequestId), idField(id)];
      const totalMs = now() - startedAt;
      if (serverTiming) fields.push(['Server-Timing', timings(environ, totalMs)]);
      if (asked) fields.push(['X-Highball-Explain', explanation(environ, totalMs)]);
      return startResponse(status, fields, error);
    });
  };
}

const FIELD = 'HTTP_X_HIGHBALL_EXPLAIN';

function compileExplain({ secret, isTrusted }: ExplainOptions): (environ: Environ) => boolean {
  if (secret !== undefined && secret.length < LEAST_SECRET_CHARACTERS) {
    throw new Error(`explain.secret must have ${LEAST_SECRET_CHARACTERS} characters or more`);
  }
  const expected = secret === undefined ? undefined : digest(secret);
  return (environ) => {
    const value = environ[FIELD];
    if (value === undefined) return false;
    if (expected !== undefined && timingSafeEqual(digest(value), expected)) return true;
    return isTrusted?.(environ) ?? false;
  };
}

/** Of one length whatever the text: neither it nor how much of it is right shows in the time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** That of a proxy behind, or one that a cache has stored with somebody else's answer. */
function isNoRequestId([name]: HeaderList[number]): boolean {
  return name.toLowerCase() !== 'x-request-id';
}

function idField(id: string): HeaderList[number] {
  return ['X-Request-Id', id];
}

/** Server Timing (W3C): nothing of it says what stands behind. */
function timings(environ: Environ, totalMs: number): string {
  const connectMs = milliseconds(environ['highball.upstream_connect_time']);
  const headerMs = milliseconds(environ['highball.upstream_header_time']);
  const cache = environ['highball.cache_status'];
  const parts = [
    ...(typeof cache === 'string' ? [`cache;desc=${cache}`] : []),
    ...(connectMs === undefined ? [] : [`proxy-connect;dur=${connectMs}`]),
    ...(headerMs === undefined ? [] : [`upstream;dur=${headerMs}`]),
    `total;dur=${totalMs.toFixed(1)}`,
  ];
  return parts.join(', ');
}

function explanation(environ: Environ, totalMs: number): string {
  const reused = environ['highball.upstream_reused'];
  const parts = [
    `rule=${textOf(environ['highball.rule'])}`,
    `cache=${textOf(environ['highball.cache_status'])}`,
    `peer=${textOf(environ['highball.upstream_addr'])}`,
    `attempts=${textOf(environ['highball.upstream_attempts'])}`,
    `connection=${reused === undefined ? '-' : reused === true ? 'kept' : 'new'}`,
    `connect=${textOf(environ['highball.upstream_connect_time'])}`,
    `first-byte=${textOf(environ['highball.upstream_header_time'])}`,
    `total=${(totalMs / 1000).toFixed(3)}`,
    `worker=${process.pid}`,
  ];
  return parts.join('; ');
}

/** Without what would end a field, or a part of this one; `-` for what is not known. */
function textOf(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') return '-';
  return String(value)
    .replaceAll(/[^ -:<-~]/g, '?')
    .slice(0, MOST_CHARACTERS);
}

/** nginx's seconds as milliseconds. */
function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === 'string' ? Math.round(Number(seconds) * 1000) : undefined;
}
