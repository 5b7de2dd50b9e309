import type { Application, Environ, StartResponse } from '@highball/gateway-protocol';
import { decodePath } from '@highball/gateway-protocol';

/** An application that says its status, and no more. */
export function answerText(status: string): Application {
  const body = [`${status}\n`];
  return (_environ, startResponse) => {
    startResponse(status, [['Content-Type', 'text/plain; charset=utf-8']]);
    return body;
  };
}

/** Answers OPTIONS (RFC 9110 §9.3.7). */
export function answerOptions(startResponse: StartResponse, allowed: readonly string[]): [] {
  startResponse('204 No Content', [['Allow', allowed.join(', ')]]);
  return [];
}

/** Sends the client to the same path with a slash at its end, or without it; method and body stay (RFC 9110 §15.4.9). */
export function answerRedirect(environ: Environ, startResponse: StartResponse, path: string): [] {
  const { SCRIPT_NAME, QUERY_STRING } = environ;
  const query = QUERY_STRING === '' ? '' : `?${QUERY_STRING}`;
  startResponse('308 Permanent Redirect', [['Location', encodePath(decodePath(SCRIPT_NAME) + path) + query]]);
  return [];
}

/** Percent-encodes a path, but for its slashes (RFC 3986 §3.3). */
function encodePath(path: string): string {
  return encodeURI(path).replaceAll('?', '%3F').replaceAll('#', '%23');
}
