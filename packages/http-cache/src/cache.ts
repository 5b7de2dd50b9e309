import type {
  Application,
  Environ,
  HeaderList,
  ResponseBody,
  StartResponse,
} from '@highball/gateway-protocol';
import { answerOnlyIfCached, answerStored } from './answer.ts';
import type { CacheOutcome, ForwardReason } from './cache-status.ts';
import { codeOf, type StoredResponse } from './entry.ts';
import { fieldValue } from './fields.ts';
import { Fetcher } from './fetcher.ts';
import type { Forwarding } from './forwarding.ts';
import { timeToLive } from './freshness.ts';
import { Keeper } from './keeper.ts';
import { keyOfUrl } from './key.ts';
import { find, findOnDisk, findYounger, type Found } from './lookup.ts';
import type { ResolvedOptions } from './options.ts';
import { type CacheRequest, isNotForCaches, isUnsafe, readRequest } from './request.ts';
import { describesSame, freshened, passedFields } from './response-plan.ts';
import { select, type Selection } from './selection.ts';
import type { Store } from './store.ts';
import { tellOutcome } from './tell-outcome.ts';

/** One application behind the cache. */
export class CachedApplication {
  readonly #app: Application;
  readonly #store: Store;
  readonly #keeper: Keeper;
  readonly #fetcher: Fetcher;
  readonly #options: ResolvedOptions;

  constructor(app: Application, store: Store, options: ResolvedOptions) {
    this.#app = app;
    this.#store = store;
    this.#options = options;
    this.#keeper = new Keeper(store, options);
    this.#fetcher = new Fetcher(app, store, this.#keeper, options);
  }

  /** A hit in memory is answered without a promise. */
  handle(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    const method = environ.REQUEST_METHOD;
    if (method !== 'GET' && method !== 'HEAD') return this.#forwardMethod(environ, startResponse);
    if (isNotForCaches(environ) || this.#options.bypass?.(environ)) {
      return this.#forward(environ, startResponse, 'bypass');
    }
    const request = readRequest(environ, this.#options, this.#options.honourRequests);
    const found = find(this.#store, request.url, environ);
    const now = this.#options.now();
    const selection = this.#select(request, found, now);
    if (selection?.act === 'use' || !this.#store.hasDisk) {
      return this.#decide(request, found, selection, now, startResponse);
    }
    return this.#decideWithDisk(request, found, startResponse);
  }

  async #decideWithDisk(
    request: CacheRequest,
    before: Found,
    startResponse: StartResponse,
  ): Promise<ResponseBody> {
    const found =
      before.entry === undefined
        ? await findOnDisk(this.#store, request.url, request.environ)
        : await findYounger(this.#store, before);
    const now = this.#options.now();
    return await this.#decide(request, found, this.#select(request, found, now), now, startResponse);
  }

  #select({ directives }: CacheRequest, { entry }: Found, now: number): Selection | undefined {
    return entry && select(entry.freshness, directives, this.#options, now);
  }

  #decide(
    request: CacheRequest,
    found: Found,
    selection: Selection | undefined,
    now: number,
    startResponse: StartResponse,
  ): ResponseBody | Promise<ResponseBody> {
    const { entry } = found;
    if (entry !== undefined && selection !== undefined && selection.act !== 'validate') {
      const body = this.#answer(request, found, entry, selection, now, startResponse);
      if (selection.act === 'use-and-refresh')
        this.#fetcher.refresh(this.#forwarding(request, found, 'stale'));
      return body;
    }
    if (request.directives.has('only-if-cached'))
      return answerOnlyIfCached(request.environ, startResponse, this.#context());
    if (request.environ.REQUEST_METHOD === 'HEAD') return this.#forwardHead(request, found, startResponse);
    const because =
      selection?.act === 'validate' ? selection.because : found.index ? 'vary-miss' : 'uri-miss';
    return this.#fetcher.answer(this.#forwarding(request, found, because), startResponse);
  }

  #answer(
    request: CacheRequest,
    found: Found,
    entry: StoredResponse,
    { act }: Selection,
    now: number,
    startResponse: StartResponse,
  ): ResponseBody | Promise<ResponseBody> {
    const outcome: CacheOutcome = { hit: true, ttl: timeToLive(entry.freshness, now) };
    if (act === 'use-and-refresh') outcome.detail = 'stale-while-revalidate';
    const context = { name: this.#options.name, now };
    const body = answerStored(entry, request.environ, startResponse, outcome, context);
    if (!(body instanceof Promise)) return body;
    return body.then((opened) => opened ?? this.#replaceLost(request, found, entry, startResponse));
  }

  /** The file with the body is gone: somebody has emptied the folder, or swept it in this moment. */
  #replaceLost(
    request: CacheRequest,
    found: Found,
    entry: StoredResponse,
    startResponse: StartResponse,
  ): Promise<ResponseBody> {
    this.#store.delete(entry.key);
    const missing = { ...found, entry: undefined };
    return this.#fetcher.answer(this.#forwarding(request, missing, 'uri-miss'), startResponse);
  }

  #forwarding(request: CacheRequest, found: Found, because: ForwardReason): Forwarding {
    const { entry } = found;
    const pass = entry === undefined && this.#keeper.passes(request.url);
    // What is to be asked for each time is asked for by each: nobody's answer is another's.
    const reusable = entry === undefined || (entry.freshness.lifetimeSeconds > 0 && !entry.freshness.noCache);
    const collapses = this.#options.collapseTimeoutMs > 0 && (entry !== undefined || !request.ranged);
    return { request, found, because, pass, share: collapses && reusable && !pass && because !== 'request' };
  }

  /** HEAD that nothing stored answers: it goes on, and what it says is noted (RFC 9111 §4.3.5). */
  #forwardHead(
    request: CacheRequest,
    { entry, index }: Found,
    startResponse: StartResponse,
  ): ResponseBody | Promise<ResponseBody> {
    const { position } = this.#store;
    const requestMs = this.#options.now();
    const because = entry !== undefined ? 'stale' : index !== undefined ? 'vary-miss' : 'uri-miss';
    return this.#forward(request.environ, startResponse, because, (status, headers) => {
      if (entry === undefined || codeOf(status) !== codeOf(entry.status)) return;
      const times = { requestMs, responseMs: this.#options.now() };
      if (!describesSame(entry, headers)) this.#store.delete(entry.key);
      else void this.#keeper.update(freshened(entry, headers, times, position, this.#options));
    });
  }

  #forwardMethod(environ: Environ, startResponse: StartResponse): ResponseBody | Promise<ResponseBody> {
    if (!isUnsafe(environ.REQUEST_METHOD)) return this.#forward(environ, startResponse, 'method');
    return this.#forward(environ, startResponse, 'method', (status, headers) => {
      const code = codeOf(status);
      if (code >= 200 && code < 400) this.#invalidate(environ, headers);
    });
  }

  /** RFC 9111 §4.4: the target itself, and what Location and Content-Location name on the same host. */
  #invalidate(environ: Environ, headers: HeaderList): void {
    const { url } = readRequest(environ, this.#options, false);
    const urls = new Set([url]);
    for (const name of ['location', 'content-location']) {
      const value = fieldValue(headers, name);
      const named = value === undefined ? null : URL.parse(value, url);
      if (named !== null && named.origin === URL.parse(url)?.origin)
        urls.add(keyOfUrl(named.href, this.#options));
    }
    for (const value of urls) {
      try {
        this.#store.invalidate({ kind: 'url', value });
      } catch (error) {
        environ['wsgi.errors'].write(`http-cache: ${(error as Error).message}\n`);
      }
    }
  }

  /** Past the cache; `onHead` sees what the application answers. */
  #forward(
    environ: Environ,
    startResponse: StartResponse,
    because: ForwardReason,
    onHead?: (status: string, headers: HeaderList) => void,
  ): ResponseBody | Promise<ResponseBody> {
    return this.#app(environ, (status, headers, error) => {
      onHead?.(status, headers);
      const fields = passedFields(headers, this.#options);
      tellOutcome(environ, fields, this.#options.name, { fwd: because, fwdStatus: codeOf(status) });
      return startResponse(status, fields, error);
    });
  }

  #context(): { name: string | false; now: number } {
    return { name: this.#options.name, now: this.#options.now() };
  }
}
