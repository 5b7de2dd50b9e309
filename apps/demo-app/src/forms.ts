import type { Environ } from '@highball/gateway-protocol';
import { HttpError } from './http.ts';

/** Bytes of a form that is no upload. */
const MAX_FORM_BYTES = 65_536;

/**
 * Refuses forms that another site sends in the reader's name. Browsers say where a form comes from, by
 * Sec-Fetch-Site (W3C Fetch Metadata) or, where they are older, by Origin; programs that are no browsers carry
 * nobody's cookies and may leave out both.
 */
export function checkOrigin(environ: Environ): void {
  const site = environ['HTTP_SEC_FETCH_SITE'];
  const isOurs = site === undefined ? isOwnOrigin(environ) : site === 'same-origin' || site === 'none';
  if (!isOurs) throw new HttpError('403 Forbidden', 'This form was sent from another site.');
}

/** Compares hosts only: the scheme is another one where something in front of the server ends TLS. */
function isOwnOrigin({ HTTP_ORIGIN: origin, HTTP_HOST: host }: Environ): boolean {
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host?.toLowerCase());
}

/** The media type of the request body, without its parameters (RFC 9110 §8.3.1). */
export function mediaType(environ: Environ): string {
  return (environ.CONTENT_TYPE ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Reads an ordinary form. @throws HttpError 413, 415 */
export async function readForm(environ: Environ): Promise<URLSearchParams> {
  if (mediaType(environ) !== 'application/x-www-form-urlencoded') {
    throw new HttpError('415 Unsupported Media Type', 'That is no form.');
  }
  const bytes = await environ['wsgi.input'].read(MAX_FORM_BYTES + 1);
  if (bytes.length > MAX_FORM_BYTES) {
    throw new HttpError('413 Content Too Large', 'That is more than fits into a comment.');
  }
  return new URLSearchParams(Buffer.from(bytes).toString());
}

/** A field of one line: trimmed, without control characters. */
export function lineOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim();
}

/** A field of several lines, which browsers end with CR LF; without other control characters. */
export function textOf(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]+/gu, '')
    .trim();
}
