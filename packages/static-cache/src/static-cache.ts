import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { realpathSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileCache } from './cache.ts';
import type { Entry } from './entry.ts';
import { type ResolvedOptions, resolveOptions, type StaticCacheOptions } from './options.ts';
import { fileNameOf, hasDotfile } from './path.ts';
import { answerPlain, respondFile } from './respond.ts';

const METHODS = 'GET, HEAD, OPTIONS';
/** How often a file that changes between look and opening is looked at again. */
const ATTEMPTS = 5;

/**
 * Makes an application that serves the files below a folder. A small file that was asked for lately is answered out
 * of memory, synchronously.
 * @throws Error when the root is no folder; TypeError when an option makes no sense.
 */
export function staticCache(root: string | URL, options: StaticCacheOptions = {}): Application {
  const folder = realpathSync(root instanceof URL ? fileURLToPath(root) : root);
  if (!statSync(folder).isDirectory()) throw new Error(`'${String(root)}' is no folder`);
  const tier = new StaticTier(folder, resolveOptions(options));
  return (environ, startResponse) => tier.handle(environ, startResponse);
}

class StaticTier {
  readonly #options: ResolvedOptions;
  readonly #cache: FileCache;

  constructor(root: string, options: ResolvedOptions) {
    this.#options = options;
    this.#cache = new FileCache(root, options);
  }

  handle(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    const { prefix, dotfiles } = this.#options;
    const file = fileNameOf(environ, prefix);
    if ('status' in file) {
      return file.status === 404
        ? this.#notFound(environ, startResponse)
        : answerPlain(startResponse, '400 Bad Request');
    }
    if (dotfiles === 'refuse' && hasDotfile(file.name)) return this.#notFound(environ, startResponse);
    const method = environ.REQUEST_METHOD;
    if (method !== 'GET' && method !== 'HEAD') return this.#otherMethod(environ, startResponse);
    const entry = this.#cache.get(file.name);
    if (!(entry instanceof Promise) && entry.kind === 'file' && !file.isFolder) {
      const answer = respondFile(entry, environ, startResponse);
      if (!(answer instanceof Promise)) return answer;
      return answer.then((body) => body ?? this.#find(file, environ, startResponse, 1));
    }
    return this.#find(file, environ, startResponse, 0);
  }

  /** Goes through all that a name may stand for: the file, the index of its folder, the fallback. */
  async #find(
    file: { name: string; isFolder: boolean },
    environ: Environ,
    startResponse: StartResponse,
    attempts: number,
  ): Promise<ResponseBody> {
    for (let attempt = attempts; attempt < ATTEMPTS; attempt++) {
      const found = await this.#resolve(file);
      if (found === 'redirect') return redirectToFolder(environ, startResponse);
      if (found === undefined) return this.#notFound(environ, startResponse);
      const body = await respondFile(found.entry, environ, startResponse);
      if (body !== undefined) return body;
      this.#cache.forget(found.name);
    }
    throw new Error(`${file.name} changes faster than it can be read`);
  }

  async #resolve({
    name,
    isFolder,
  }: {
    name: string;
    isFolder: boolean;
  }): Promise<FileEntryOf | 'redirect' | undefined> {
    const entry = await this.#cache.get(name);
    if (entry.kind === 'file' && !isFolder) return { name, entry };
    if (entry.kind === 'folder') {
      const index = await this.#index(name);
      if (index !== undefined) return isFolder ? index : 'redirect';
    }
    const { fallback } = this.#options;
    // Never for what looks like a file: a missing script must not be answered with a page.
    if (fallback === undefined || extname(name) !== '') return undefined;
    const page = await this.#cache.get(fallback);
    return page.kind === 'file' ? { name: fallback, entry: page } : undefined;
  }

  async #index(folder: string): Promise<FileEntryOf | undefined> {
    for (const index of this.#options.index) {
      const name = folder === '' ? index : `${folder}/${index}`;
      const entry = await this.#cache.get(name);
      if (entry.kind === 'file') return { name, entry };
    }
    return undefined;
  }

  #otherMethod(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    if (this.#options.fallthrough) return this.#options.fallthrough(environ, startResponse);
    if (environ.REQUEST_METHOD !== 'OPTIONS') {
      return answerPlain(startResponse, '405 Method Not Allowed', [['Allow', METHODS]]);
    }
    startResponse('204 No Content', [['Allow', METHODS]]);
    return [];
  }

  #notFound(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    const { fallthrough } = this.#options;
    return fallthrough ? fallthrough(environ, startResponse) : answerPlain(startResponse, '404 Not Found');
  }
}

interface FileEntryOf {
  readonly name: string;
  readonly entry: Extract<Entry, { kind: 'file' }>;
}

/**
 * Sends the client from `/folder` to `/folder/`, so that relative links in its index are right. The address is
 * relative: it holds behind any mount point, and cannot lead to another host.
 */
function redirectToFolder(environ: Environ, startResponse: StartResponse): ResponseBody {
  const path = (environ.RAW_URI ?? environ.PATH_INFO).split('?', 1)[0] as string;
  const last = path.slice(path.lastIndexOf('/') + 1);
  const query = environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`;
  return answerPlain(startResponse, '308 Permanent Redirect', [['Location', `./${last}/${query}`]]);
}
