import {
  type Application,
  decodePath,
  type Environ,
  type HeaderList,
  type ResponseBody,
} from '@highball/gateway-protocol';
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

export function json(value: unknown): Answer {
  return {
    status: '200 OK',
    headers: [['Content-Type', 'application/json'], ['Cache-Control', 'no-store'], ...SECURITY],
    body: JSON.stringify(value),
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

/** Makes an application of a function from environ to an answer. */
export function answering(answer: (environ: Environ) => Answer | Promise<Answer>): Application {
  return async (environ, startResponse): Promise<ResponseBody> => {
    const { status, headers, body } = await answer(environ);
    startResponse(status, headers);
    return body === '' ? [] : [body];
  };
}

/** The path as text. @throws HttpError 400 when it is no UTF-8. */
export function pathOf(environ: Environ): string {
  try {
    return decodePath(environ.PATH_INFO);
  } catch {
    throw new HttpError('400 Bad Request', 'The address is not readable text.');
  }
}

export function queryOf(environ: Environ): URLSearchParams {
  return new URLSearchParams(environ.QUERY_STRING);
}
