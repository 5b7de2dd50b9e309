import type { ResponseBody, StartResponse } from '@highball/gateway-protocol';

const REASONS = {
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
} as const;

/** The status of an answer of the proxy's own. */
export type OwnStatus = keyof typeof REASONS;

/** What a proxy of anything can say of its methods. */
const ALLOWED = 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH';

/** OPTIONS that goes no further (RFC 9110 §7.6.2, §9.3.7). */
export function answerOptions(startResponse: StartResponse): ResponseBody {
  startResponse('204 No Content', [['Allow', ALLOWED]]);
  return [];
}

/** Answers in the upstream's place; nothing of the upstream shows. */
export function answerError(startResponse: StartResponse, status: OwnStatus): ResponseBody {
  const line = `${status} ${REASONS[status]}`;
  startResponse(line, [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Cache-Control', 'no-store'],
    // RFC 9110 §15.5.6: 405 names the methods; whatever the upstream knows, CONNECT is not among them.
    ...(status === 405 ? [['Allow', ALLOWED] as [string, string]] : []),
  ]);
  return [`${line}\n`];
}

/** Nobody hears it; logs have nginx's code for a client that left. */
export function answerNobody(startResponse: StartResponse): ResponseBody {
  startResponse('499 Client Closed Request', []);
  return [];
}
