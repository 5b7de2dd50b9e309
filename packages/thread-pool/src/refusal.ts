import type { ResponseBody, StartResponse } from '@highball/gateway-protocol';

/** RFC 9110 §15.6.4, §15.6.5. */
const STATUS = { 503: '503 Service Unavailable', 504: '504 Gateway Timeout' } as const;

/**
 * Answers a request that no application answers.
 * @param retryAfterSeconds - when to come again (RFC 9110 §10.2.3); without it the client is not told.
 */
export function refuse(
  startResponse: StartResponse,
  status: keyof typeof STATUS,
  retryAfterSeconds?: number,
): ResponseBody {
  const line = STATUS[status];
  const later: [string, string][] =
    retryAfterSeconds === undefined ? [] : [['Retry-After', String(retryAfterSeconds)]];
  startResponse(line, [['Content-Type', 'text/plain; charset=utf-8'], ...later]);
  return [`${line}\n`];
}
