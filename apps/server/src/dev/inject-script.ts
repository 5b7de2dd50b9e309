import type {
  BodyChunk,
  Environ,
  HeaderList,
  Middleware,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { requestField, responseField } from '@highball/gateway-protocol';
import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { allowScript } from './content-security-policy.ts';
import { type BodyFilter, filterBody, isPromise, sizeOf } from './filter-body.ts';
import { markup } from './markup.ts';
import { CLIENT_PATH, PRIVATE_PREFIX } from './private-paths.ts';

/**
 * Puts the script that reloads a page into each page that a browser opens: into its head where the first piece of
 * the body holds its beginning, behind its end otherwise. Nothing is held back, so pages that stream go on doing so.
 * @param id - the version that the page is of.
 */
export function injectScript(id: string): Middleware {
  return (app) => (environ, startResponse) => {
    if (!opensPage(environ)) return app(environ, startResponse);
    adaptRequest(environ);
    const injection = new Injection(id, sourceOf(environ), startResponse);
    const body = app(environ, injection.start);
    return isPromise(body) ? body.then((ready) => injection.body(ready)) : injection.body(body);
  };
}

/**
 * Has a page sent whole and plain: one out of the cache would have the script of an earlier version in it, and reload
 * for ever; into a compressed one nothing can be put.
 */
function adaptRequest(environ: Environ): void {
  delete environ['HTTP_IF_NONE_MATCH'];
  delete environ['HTTP_IF_MODIFIED_SINCE'];
  if (environ['HTTP_ACCEPT_ENCODING'] !== undefined) environ['HTTP_ACCEPT_ENCODING'] = 'identity';
}

/**
 * Whether a browser asks for a page by GET, and not for a fragment, a frame or data. Pages that came from a form are
 * left alone: reloading one would send the form again.
 */
export function opensPage(environ: Environ): boolean {
  if (environ.REQUEST_METHOD !== 'GET') return false;
  const destination = requestField(environ, 'Sec-Fetch-Dest');
  // Browsers send it to addresses they trust only, as localhost's (Fetch Metadata §3).
  if (destination !== undefined) return destination === 'document';
  return requestField(environ, 'Accept')?.includes('text/html') === true;
}

class Injection implements BodyFilter {
  readonly #id: string;
  readonly #source: string;
  readonly #startResponse: StartResponse;
  /** What is to be put in; empty where nothing is. */
  #tag = '';
  #searched = false;

  constructor(id: string, source: string, startResponse: StartResponse) {
    this.#id = id;
    this.#source = source;
    this.#startResponse = startResponse;
  }

  readonly start: StartResponse = (status, headers, error) => {
    this.#searched = false;
    this.#tag = '';
    const write = this.#startResponse(
      status,
      isPage(status, headers) ? this.#adapt(headers) : headers,
      error,
    );
    return (chunk) => write(this.piece(chunk));
  };

  body(body: ResponseBody): ResponseBody {
    if (Array.isArray(body)) return this.#array(body as BodyChunk[]);
    return typeof body === 'object' && body !== null && !ArrayBuffer.isView(body)
      ? filterBody(body, this)
      : body;
  }

  piece(chunk: BodyChunk): BodyChunk {
    if (this.#tag === '' || this.#searched || chunk.length === 0) return chunk;
    this.#searched = true;
    const head = typeof chunk === 'string' ? chunk.slice(0, SEARCHED) : latin1(chunk.subarray(0, SEARCHED));
    const at = headStart(head);
    if (at === 0) return chunk;
    const tag = this.#tag;
    this.#tag = '';
    if (typeof chunk === 'string') return chunk.slice(0, at) + tag + chunk.slice(at);
    return Buffer.concat([chunk.subarray(0, at), Buffer.from(tag), chunk.subarray(at)]);
  }

  tail(): string[] {
    return this.#tag === '' ? [] : [this.#tag];
  }

  failed(error: unknown): never {
    throw error;
  }

  #array(chunks: BodyChunk[]): BodyChunk[] {
    if (this.#tag === '') return chunks;
    const { close } = chunks as ResponseBody;
    const changed = [...chunks.map((chunk) => this.piece(chunk)), ...this.tail()];
    return close === undefined ? changed : Object.assign(changed, { close: () => close.call(chunks) });
  }

  #adapt(original: HeaderList): HeaderList {
    const { headers, nonce } = allowScript(original, {
      source: this.#source,
      makeNonce: () => randomBytes(16).toString('base64'),
    });
    const secret = nonce !== undefined && markup` nonce="${nonce}"`;
    this.#tag = markup`<script src="${CLIENT_PATH}" data-version="${this.#id}"${secret}></script>`.text;
    const kept = headers.filter(([name]) => !CACHE_FIELDS.has(name.toLowerCase()));
    return [...kept.map(([name, value]) => this.#lengthen(name, value)), ['Cache-Control', 'no-store']];
  }

  #lengthen(name: string, value: string): [string, string] {
    if (name.toLowerCase() !== 'content-length') return [name, value];
    return [name, String(Number(value) + sizeOf(this.#tag))];
  }
}

/** So much of the first piece is searched for the beginning of the document. */
const SEARCHED = 16_384;

/** With these a browser would keep a page whose script is of an earlier version. */
const CACHE_FIELDS: ReadonlySet<string> = new Set(['cache-control', 'etag', 'expires', 'last-modified']);

/** Statuses whose body a browser shows as a page of its own: not 204, 206 or 304. */
const PAGE_STATUS = /^(?:20[0123]|4\d\d|5\d\d) ?/;

/** Whether a response is a page that text can be put into. */
function isPage(status: string, headers: HeaderList): boolean {
  const type = responseField(headers, 'Content-Type') ?? '';
  const coding = responseField(headers, 'Content-Encoding') ?? 'identity';
  const isDownload = /^\s*attachment/i.test(responseField(headers, 'Content-Disposition') ?? '');
  // UTF-16 and UTF-32 are the charsets in use of which ASCII is no part.
  const isHtml = /^text\/html\s*(?:;|$)/i.test(type) && !/charset\s*=\s*"?utf-?(?:16|32)/i.test(type);
  return PAGE_STATUS.test(status) && isHtml && coding.toLowerCase() === 'identity' && !isDownload;
}

/** White space and comments may stand around the doctype (HTML, "Writing HTML documents"). */
const FILLER = String.raw`(?:\s|<!--(?:(?!-->)[^])*-->)*`;

/** The beginning of a document; the mark of UTF-8 as text, and as latin-1. Anchored: no text inside is meant. */
const BEGINNING = new RegExp(
  String.raw`^(?:\uFEFF|\u00EF\u00BB\u00BF)?${FILLER}(?:<!doctype[^>]*>)?${FILLER}(<html(?:\s[^>]*)?>)?${FILLER}(<head(?:\s[^>]*)?>)?`,
  'i',
);

/** Where the head of a document begins: behind `<html>` and `<head>`, as far as they are there; 0 without either. */
function headStart(text: string): number {
  const [beginning = '', root, head] = BEGINNING.exec(text) ?? [];
  return root === undefined && head === undefined ? 0 : beginning.length;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The private paths as a policy names them: a source has no IPv6 addresses (Content Security Policy §2.3.1). */
function sourceOf(environ: Environ): string {
  const host = environ['HTTP_HOST'] ?? '';
  const name = host.replace(/:\d+$/, '');
  const isName = /^[\w.-]+$/.test(name) && !isIPv6(name);
  return isName ? `${environ['wsgi.url_scheme']}://${host}${PRIVATE_PREFIX}` : "'self'";
}
