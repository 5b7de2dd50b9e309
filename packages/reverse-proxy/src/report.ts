import type { Environ, HeaderField, HeaderList } from '@highball/gateway-protocol';
import type { Attempt } from './attempt.ts';
import type { ResolvedOptions } from './options.ts';

/** What is told of a request beside its attempt. */
export interface Reported {
  readonly environ: Environ;
  readonly attempts: number;
  readonly startedAt: number;
}

/** Tells the tiers around what has happened (nginx's upstream variables, for the access log). */
export function noteUpstream(environ: Environ, attempts: number, attempt: Attempt, status: string): void {
  const { connectedAt, headAt, peer } = attempt;
  environ['highball.upstream_addr'] = peer.id;
  environ['highball.upstream_attempts'] = attempts;
  environ['highball.upstream_reused'] = attempt.reused;
  environ['highball.upstream_status'] = status;
  environ['highball.upstream_connect_time'] = seconds(connectedAt - attempt.startedAt);
  environ['highball.upstream_header_time'] = seconds(headAt - attempt.startedAt);
}

/**
 * What the client is told by this proxy: the request's id, and times and an explanation where they are wanted.
 * @param passed - the upstream's fields: an X-Request-Id that is among them stays the only one.
 */
export function toldFields(
  { environ, attempts, startedAt }: Reported,
  attempt: Attempt,
  options: ResolvedOptions,
  passed: readonly HeaderField[],
): HeaderList {
  const fields: HeaderList = [];
  if (options.requestId && !hasRequestId(passed))
    fields.push(['X-Request-Id', environ['highball.request_id'] as string]);
  if (options.serverTiming) fields.push(['Server-Timing', serverTiming(attempt)]);
  if (
    options.explain !== undefined &&
    environ['HTTP_X_HIGHBALL_EXPLAIN'] !== undefined &&
    options.explain(environ)
  ) {
    fields.push(['X-Highball-Explain', explanation(environ, attempt, attempts, attempt.headAt - startedAt)]);
  }
  return fields;
}

function hasRequestId(fields: readonly HeaderField[]): boolean {
  for (let i = 0; i < fields.length; i++) {
    const name = fields[i]![0];
    if (name.length === 'x-request-id'.length && name.toLowerCase() === 'x-request-id') return true;
  }
  return false;
}

/** Server Timing (W3C): nothing of it says where the upstream stands. */
function serverTiming({ startedAt, connectedAt, headAt }: Attempt): string {
  return `proxy-connect;dur=${ms(connectedAt - startedAt)}, upstream;dur=${ms(headAt - connectedAt)}`;
}

function explanation(environ: Environ, attempt: Attempt, attempts: number, totalMs: number): string {
  const parts = [
    `rule=${textOf(environ['highball.rule']) ?? '-'}`,
    `cache=${textOf(environ['highball.cache_status']) ?? '-'}`,
    `peer=${attempt.peer.id}`,
    `attempts=${attempts}`,
    `connection=${attempt.reused ? 'kept' : 'new'}`,
    `connect=${ms(attempt.connectedAt - attempt.startedAt)}ms`,
    `first-byte=${ms(attempt.headAt - attempt.connectedAt)}ms`,
    `total=${ms(totalMs)}ms`,
  ];
  return parts.join('; ');
}

/** What other packages have left in environ, without what would end a field. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.replaceAll(/[^ -~]/g, '') : undefined;
}

function ms(value: number): string {
  return value.toFixed(1);
}

/** Texts of the times below a second: to write a number costs more than all else that is told here. */
const SHORT_TIMES: readonly string[] = Array.from({ length: 1000 }, (_, time) => (time / 1000).toFixed(3));

/** As nginx writes times: seconds with milliseconds. */
export function seconds(value: number): string {
  return SHORT_TIMES[Math.round(value)] ?? (value / 1000).toFixed(3);
}
