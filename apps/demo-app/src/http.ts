import { createHash } from 'node:crypto';
import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import type { Handler } from '@highball/router';
import type { Html } from './html.ts';

/** An answer, before it is given to start_response. */
export interface Answer {
  status: string;
  headers: HeaderList;
  body: string | Uint8Array;
}

/** Something that stands between a page and its reader: a form that cannot be taken, a page that is not there. */
export class HttpError extends Error {
  readonly status: string;
  readonly headers: HeaderList;

  constructor(status: string, message: string, headers: HeaderList = [], options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** What a browser may do with our pages: run and load nothing but what comes from here. */
const SECURITY: HeaderList = [
  [
    'Content-Security-Policy',
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'same-origin'],
];

export function page(body: Html, status = '200 OK'): Answer {
  return {
    status,
    headers: [['Content-Type', 'text/html; charset=utf-8'], ['Cache-Control', 'no-cache'], ...SECURITY],
    body: body.text,
  };
}

export function file(body: Uint8Array, type: string): Answer {
  return {
    status: '200 OK',
    headers: [['Content-Type', type], ['Cache-Control', 'public, max-age=31536000, immutable'], ...SECURITY],
    body,
  };
}

/** Sends the browser on after a form (RFC 9110 §15.4.4), so that a reload does not send the form again. */
export function seeOther(location: string): Answer {
  return { status: '303 See Other', headers: [['Location', location]], body: '' };
}

/** Makes a route's handler of a function from environ, and the parameters of the address, to an answer. */
export function answering<Params>(
  answer: (environ: Environ, params: Params) => Answer | Promise<Answer>,
): Handler<Params> {
  return async (environ, startResponse, params) =>
    give(unlessKnown(await answer(environ, params), environ), startResponse);
}

/** A page that the browser has already is not sent again (RFC 9110 §13.1.2): its tag is made of what is in it. */
function unlessKnown(answer: Answer, environ: Environ): Answer {
  const { status, headers, body } = answer;
  if (status !== '200 OK' || (environ.REQUEST_METHOD !== 'GET' && environ.REQUEST_METHOD !== 'HEAD'))
    return answer;
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const known = environ.HTTP_IF_NONE_MATCH?.split(',').some(
    (each) => each.trim().replace(/^W\//, '') === tag,
  );
  const tagged: HeaderList = [...headers, ['ETag', tag]];
  if (!known) return { status, headers: tagged, body };
  return {
    status: '304 Not Modified',
    headers: tagged.filter(([name]) => name !== 'Content-Type'),
    body: '',
  };
}

/** Gives an answer to the server. */
export function give({ status, headers, body }: Answer, startResponse: StartResponse): ResponseBody {
  startResponse(status, headers);
  return body === '' ? [] : [body];
}

export function queryOf(environ: Environ): URLSearchParams {
  return new URLSearchParams(environ.QUERY_STRING);
}
