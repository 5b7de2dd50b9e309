import type { HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';

const REASONS = {
  413: 'Content Too Large',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
} as const;

/** Refuses a request. `Retry-After` is in whole seconds, at least one (RFC 9110 §10.2.3). */
export function refuse(
  startResponse: StartResponse,
  status: keyof typeof REASONS,
  retryAfterMs: number | undefined,
  error?: unknown,
): ResponseBody {
  const line = `${status} ${REASONS[status]}`;
  const text = `${line}\n`;
  const headers: HeaderList = [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(text.length)],
    // The next answer may be another one.
    ['Cache-Control', 'no-store'],
  ];
  if (retryAfterMs !== undefined)
    headers.push(['Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1000)))]);
  startResponse(line, headers, error);
  return [text];
}
