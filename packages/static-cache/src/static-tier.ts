import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { Autoindex } from './autoindex.ts';
import { Contents } from './contents.ts';
import { Descriptors } from './descriptors.ts';
import type { FileEntry } from './entry.ts';
import { answerPlainly } from './error-answer.ts';
import { FileChangedError } from './errors.ts';
import { isAsset } from './media-type.ts';
import { Metadata } from './metadata.ts';
import type { ResolvedOptions } from './options.ts';
import { type FileName, fileNameOf, hasDotfile, KnownPaths, type Wanted } from './path.ts';
import { respondFile, type RespondContext, sendFile } from './respond.ts';

const METHODS = 'GET, HEAD, OPTIONS';
/** How often a file that changes between look and opening is looked at again. */
const ATTEMPTS = 5;
/** The part of the memory that is for what is known of names; the rest is for contents. */
const METADATA_SHARE = 0.25;

type Body = ResponseBody | Promise<ResponseBody>;

type Found =
  | { readonly kind: 'file'; readonly name: string; readonly entry: FileEntry }
  | { readonly kind: 'redirect' }
  | { readonly kind: 'listing'; readonly name: string };

/** Finds what a request asks for, and answers it. */
export class StaticTier {
  readonly #options: ResolvedOptions;
  readonly #metadata: Metadata;
  readonly #autoindex: Autoindex;
  readonly #paths = new KnownPaths();
  readonly #context: RespondContext;
  /** Whether a path is first of all the file of that name. */
  readonly #direct: boolean;

  constructor(root: string, options: ResolvedOptions) {
    const descriptors = new Descriptors(options);
    const maxMetadataBytes = Math.floor(options.maxBytes * METADATA_SHARE);
    const limits = { maxBytes: options.maxBytes - maxMetadataBytes, maxFileBytes: options.maxFileBytes };
    this.#options = options;
    this.#metadata = new Metadata({ root, options, descriptors }, maxMetadataBytes);
    this.#autoindex = new Autoindex(root, options);
    this.#direct = options.tryFiles[0] === '$uri';
    this.#context = {
      contents: new Contents(limits, descriptors),
      descriptors,
      fail: (status, headers, environ, startResponse) => this.#fail(status, headers, environ, startResponse),
      wallClock: options.wallClock,
    };
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#metadata.bytes + this.#context.contents.bytes;
  }

  handle(environ: Environ, startResponse: StartResponse): Body {
    const known = this.#paths.get(environ);
    const wanted = known ?? this.#wantedBy(environ);
    if ('status' in wanted) {
      return wanted.status === 404
        ? this.#notFound(environ, startResponse)
        : this.#fail('400 Bad Request', [], environ, startResponse);
    }
    const method = environ.REQUEST_METHOD;
    if (method !== 'GET' && method !== 'HEAD') return this.#otherMethod(environ, startResponse);
    if (!this.#direct || wanted.isFolder) return this.#find(wanted, environ, startResponse);
    const entry = this.#metadata.get(wanted.name);
    if (entry instanceof Promise || entry.kind !== 'file') return this.#find(wanted, environ, startResponse);
    if (known === undefined) this.#paths.add(environ, wanted);
    const answer = respondFile(entry, environ, startResponse, this.#context);
    if (!(answer instanceof Promise)) return answer;
    return answer.then((body) => body ?? this.#findAgain(wanted, environ, startResponse));
  }

  #wantedBy(environ: Environ): FileName {
    const wanted = fileNameOf(environ, this.#options.prefix);
    if ('status' in wanted || this.#options.dotfiles === 'serve') return wanted;
    return hasDotfile(wanted.name) ? { status: 404 } : wanted;
  }

  #findAgain(wanted: Wanted, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    this.#metadata.forget(wanted.name);
    return this.#find(wanted, environ, startResponse);
  }

  /** Answers with what is found; looks again as long as that changes between the look and the answer. */
  async #find(wanted: Wanted, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const found = await this.#resolve(wanted);
        if (found === undefined) return await this.#notFound(environ, startResponse);
        if (found.kind === 'redirect') return await this.#redirect(environ, startResponse);
        if (found.kind === 'listing') {
          return await this.#autoindex.answer(found.name, environ, startResponse);
        }
        const body = await respondFile(found.entry, environ, startResponse, this.#context);
        if (body !== undefined) return body;
        this.#metadata.forget(found.name);
      } catch (error) {
        if (!(error instanceof FileChangedError)) throw error;
      }
    }
    // Somebody writes into it without a pause: half of it must not be sent.
    return this.#fail('503 Service Unavailable', [['Retry-After', '1']], environ, startResponse);
  }

  async #resolve(wanted: Wanted): Promise<Found | undefined> {
    for (const pattern of this.#options.tryFiles) {
      const found = await (pattern === '$uri/'
        ? this.#folder(wanted)
        : this.#file(candidate(pattern, wanted, this.#options)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #file(name: string | undefined): Promise<Found | undefined> {
    if (name === undefined) return undefined;
    const entry = await this.#metadata.get(name);
    return entry.kind === 'file' ? { kind: 'file', name, entry } : undefined;
  }

  async #folder({ name, isFolder }: Wanted): Promise<Found | undefined> {
    if ((await this.#metadata.get(name)).kind !== 'folder') return undefined;
    for (const index of this.#options.index) {
      const found = await this.#file(name === '' ? index : `${name}/${index}`);
      if (found !== undefined) return isFolder ? found : { kind: 'redirect' };
    }
    if (!this.#options.autoindex) return undefined;
    return isFolder ? { kind: 'listing', name } : { kind: 'redirect' };
  }

  #otherMethod(environ: Environ, startResponse: StartResponse): Body {
    if (this.#options.fallthrough) return this.#options.fallthrough(environ, startResponse);
    if (environ.REQUEST_METHOD !== 'OPTIONS') {
      return this.#fail('405 Method Not Allowed', [['Allow', METHODS]], environ, startResponse);
    }
    startResponse('204 No Content', [['Allow', METHODS]]);
    return [];
  }

  #notFound(environ: Environ, startResponse: StartResponse): Body {
    const { fallthrough } = this.#options;
    return fallthrough
      ? fallthrough(environ, startResponse)
      : this.#fail('404 Not Found', [], environ, startResponse);
  }

  /**
   * Sends the client from `/folder` to `/folder/`, so that relative links in its index are right. The address is
   * relative: it holds behind any mount point, and cannot lead to another host.
   */
  #redirect(environ: Environ, startResponse: StartResponse): Body {
    const path = (environ.RAW_URI ?? environ.PATH_INFO).split('?', 1)[0] as string;
    const last = path.slice(path.lastIndexOf('/') + 1);
    const query = environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`;
    const location: HeaderList = [['Location', `./${last}/${query}`]];
    return answerPlainly('308 Permanent Redirect', location, environ, startResponse);
  }

  /** An error, with the page that there is for it. */
  #fail(status: string, headers: HeaderList, environ: Environ, startResponse: StartResponse): Body {
    const page = this.#options.errorPages[Number(status.slice(0, 3))];
    const answer = this.#options.onError ?? answerPlainly;
    if (page === undefined) return answer(status, headers, environ, startResponse);
    return this.#sendPage(page, status, headers, startResponse).then(
      (body) => body ?? answer(status, headers, environ, startResponse),
    );
  }

  /** Sends a file as the page of an error; undefined when it is missing. */
  async #sendPage(
    page: string,
    status: string,
    headers: HeaderList,
    startResponse: StartResponse,
  ): Promise<ResponseBody | undefined> {
    const entry = await this.#metadata.get(page.replace(/^\//, ''));
    if (entry.kind !== 'file') return undefined;
    const { contentType, size } = entry.identity;
    const fields: HeaderList = [
      ['Content-Type', contentType],
      ['Content-Length', String(size)],
      ['Cache-Control', 'no-cache'],
      ['X-Content-Type-Options', 'nosniff'],
      ...headers,
    ];
    return sendFile(entry.identity, { status, headers: fields, parts: 'all' }, startResponse, this.#context);
  }
}

/** The file that a pattern of `tryFiles` means for a path; undefined when it means none. */
function candidate(
  pattern: string,
  { name, isFolder }: Wanted,
  options: ResolvedOptions,
): string | undefined {
  if (pattern.includes('$uri')) {
    return isFolder || name === '' ? undefined : pattern.replaceAll('$uri', () => name).replace(/^\//, '');
  }
  return isAsset(name, options.types) ? undefined : pattern.replace(/^\//, '');
}
