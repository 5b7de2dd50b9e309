import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { ResponseHead } from '@highball/http-parser';
import type { Attempt } from './attempt.ts';
import type { ResolvedOptions } from './options.ts';

/** What is told of a request beside its attempt. */
export interface Reported {
  readonly environ: Environ;
  readonly attempts: number;
  readonly startedAt: number;
}

/**
 * Tells the tiers around what has happened: environ for the access log (nginx's upstream variables), the request's id
 * to the client, Server-Timing and the explanation where they are wanted.
 */
export function report(
  { environ, attempts, startedAt }: Reported,
  attempt: Attempt,
  head: ResponseHead,
  fields: HeaderList,
  options: ResolvedOptions,
): void {
  const { connectedAt, headAt, peer } = attempt;
  environ['highball.upstream_addr'] = peer.id;
  environ['highball.upstream_attempts'] = attempts;
  environ['highball.upstream_reused'] = attempt.reused;
  environ['highball.upstream_status'] = String(head.status);
  environ['highball.upstream_connect_time'] = seconds(connectedAt - attempt.startedAt);
  environ['highball.upstream_header_time'] = seconds(headAt - attempt.startedAt);
  if (options.requestId) pushOnce(fields, 'X-Request-Id', environ['highball.request_id'] as string);
  if (options.serverTiming) fields.push(['Server-Timing', serverTiming(attempt)]);
  if (
    options.explain !== undefined &&
    environ['HTTP_X_HIGHBALL_EXPLAIN'] !== undefined &&
    options.explain(environ)
  ) {
    fields.push(['X-Highball-Explain', explanation(environ, attempt, attempts, headAt - startedAt)]);
  }
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

function pushOnce(fields: HeaderList, name: string, value: string): void {
  const lower = name.toLowerCase();
  for (const [present] of fields) {
    if (present.length === name.length && present.toLowerCase() === lower) return;
  }
  fields.push([name, value]);
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
