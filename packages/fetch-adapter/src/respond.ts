import type { Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { FetchHandlerError } from './errors.ts';
import { headerList } from './header-list.ts';
import { lightParts } from './light-response.ts';
import { readBody } from './response-body.ts';
import { statusLine } from './status-line.ts';

/** Sends a `Response`. Synchronous when nothing has to be waited for. */
export function respond(
  response: Response,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody> {
  const light = lightParts(response);
  if (light === undefined) return respondNative(response, environ, startResponse);
  startResponse(statusLine(response.status, ''), light.headers);
  return light.body === null ? [] : [light.body];
}

function respondNative(
  response: Response,
  environ: Environ,
  startResponse: StartResponse,
): ResponseBody | Promise<ResponseBody> {
  checkResponse(response);
  const { status, statusText, body } = response;
  startResponse(statusLine(status, statusText), headerList(response.headers, status));
  if (body === null) return [];
  // Nothing of it will be sent; what would make it need not begin.
  const isBodiless = environ.REQUEST_METHOD === 'HEAD' || status === 204 || status === 304;
  if (isBodiless) return body.cancel().then(() => []);
  return readBody(body, environ['highball.signal']);
}

/** @throws FetchHandlerError when it is no `Response`, or one that cannot be sent. */
function checkResponse(response: unknown): asserts response is Response {
  if (!isResponse(response)) {
    const kind = response === null ? 'null' : typeof response;
    throw new FetchHandlerError(
      'NOT_A_RESPONSE',
      `the fetch handler returned ${kind}: return new Response(…) on every path`,
    );
  }
  if (response.status < 200) {
    throw new FetchHandlerError(
      'ERROR_RESPONSE',
      'the fetch handler returned Response.error(), which stands for a failed request: return a status',
    );
  }
  if (response.bodyUsed || response.body?.locked === true) {
    throw new FetchHandlerError(
      'BODY_USED',
      'the body of the returned Response was read already: return response.clone(), or a new Response',
    );
  }
}

/** By its shape: a `Response` of another copy of the class, from a polyfill or another realm, is one too. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === 'number' && typeof headers?.getSetCookie === 'function' && 'body' in value;
}
