import type { HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import type { Refusal } from './errors.ts';

/** What the answer to a request that is not forwarded needs to know of the proxy. */
export interface RefuseOptions {
  readonly realm: string;
  readonly viaName: string;
}

/** After so long a client may ask again where a limit has stood in its way. */
const RETRY_AFTER_SECONDS = '5';

/** Answers a request that is not forwarded; Proxy-Status (RFC 9209) tells programs why. */
export function refuse(refusal: Refusal, startResponse: StartResponse, options: RefuseOptions): ResponseBody {
  const { status, code, message } = refusal;
  const fields: HeaderList = [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Cache-Control', 'no-store'],
    ['Proxy-Status', `${options.viaName}; error=${refusal.proxyError}`],
  ];
  if (code === 'AUTHENTICATION_REQUIRED') {
    fields.push(['Proxy-Authenticate', `Basic realm="${options.realm}", charset="UTF-8"`]);
  }
  if (code === 'METHOD_NOT_ALLOWED') fields.push(['Allow', ALLOWED_METHODS]);
  if (code === 'TOO_MANY' || code === 'TOO_MANY_OF_CLIENT' || code === 'VERIFIER_BUSY') {
    fields.push(['Retry-After', RETRY_AFTER_SECONDS]);
  }
  startResponse(status, fields);
  return [`${status}: ${message}\n`];
}

/** What the proxy answers for itself when it is the last one asked (RFC 9110 §9.3.7). */
export const ALLOWED_METHODS = 'CONNECT, GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
