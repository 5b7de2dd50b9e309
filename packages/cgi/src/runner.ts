import type { Environ, HeaderList, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { CgiProcess } from './cgi-process.ts';
import { ErrorBudget } from './error-lines.ts';
import { CgiProgramError, CgiRequestError } from './errors.ts';
import { indexedArguments } from './indexed-query.ts';
import { redirectLocally } from './local-redirect.ts';
import type { ResolvedOptions } from './options.ts';
import { OutputBody } from './output-body.ts';
import { readHeader } from './read-header.ts';
import { requestBody } from './request-body.ts';
import type { ResponseHeader } from './response-header.ts';
import { type Release, Slots } from './slots.ts';
import { metaVariables, type Script } from './variables.ts';

/** Runs programs for requests, no more at a time than its options allow. */
export class Runner {
  readonly #options: ResolvedOptions;
  readonly #slots: Slots;
  readonly #budget: ErrorBudget;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#slots = new Slots(options);
    this.#budget = new ErrorBudget(options);
  }

  /** Answers one request by one run of a program. */
  async answer(script: Script, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    try {
      return await this.#answer(script, environ, startResponse);
    } catch (error) {
      return this.#refuse(asAnswer(error, environ), environ, startResponse);
    }
  }

  async #answer(script: Script, environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    const signal = environ['highball.signal']?.();
    // Before a slot is taken: a slow client must not hold one.
    const body = await requestBody(environ, this.#options.maxSpoolBytes);
    const env = metaVariables(environ, script, body?.length, this.#options);
    const release = await this.#slots.acquire(signal);
    const process = this.#start(script, environ, { body, env, release });
    if (signal !== undefined) endOnAbort(process, signal);
    const { header, rest } = await readHeader(process, this.#options);
    return this.#respond(header, rest, process, environ, startResponse);
  }

  #start(
    script: Script,
    environ: Environ,
    {
      body,
      env,
      release,
    }: Pick<ConstructorParameters<typeof CgiProcess>[0], 'body' | 'env'> & { release: Release },
  ): CgiProcess {
    const { args, indexedQuery } = this.#options;
    const { REQUEST_METHOD: method, QUERY_STRING: query } = environ;
    const words = indexedQuery ? indexedArguments(method, query) : [];
    try {
      return new CgiProcess(
        {
          program: script.program,
          args: [...args, ...words],
          env,
          body,
          errors: environ['wsgi.errors'],
          budget: this.#budget,
          onGone: release,
        },
        this.#options,
      );
    } catch (error) {
      release();
      throw error;
    }
  }

  #respond(
    header: ResponseHeader,
    rest: Uint8Array,
    process: CgiProcess,
    environ: Environ,
    startResponse: StartResponse,
  ): ResponseBody | Promise<ResponseBody> {
    const { localRedirect, maxLocalRedirects } = this.#options;
    if (header.localRedirect !== undefined && localRedirect !== undefined) {
      void process.drain();
      return redirectLocally(header.localRedirect, environ, startResponse, localRedirect, maxLocalRedirects);
    }
    startResponse(header.status, header.fields);
    if (environ.REQUEST_METHOD !== 'HEAD' && !/^(204|304)/.test(header.status))
      return new OutputBody(process, rest);
    // The program may have more to do than to write what nobody gets.
    void process.drain();
    return [];
  }

  /** The client learns the status; the reason is for the log. */
  #refuse(
    error: CgiRequestError | CgiProgramError,
    environ: Environ,
    startResponse: StartResponse,
  ): ResponseBody {
    if (error.code !== 'CLIENT_GONE') {
      const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
      this.#budget.log(environ['wsgi.errors'], `CGI ${error.code}: ${error.message}${cause}`);
    }
    const headers: HeaderList = [['Content-Type', 'text/plain; charset=utf-8']];
    if (error.code === 'BUSY') headers.push(['Retry-After', String(this.#options.retryAfterSeconds)]);
    startResponse(error.status, headers);
    return [`${error.status}\n`];
  }
}

/** The server's own reason is kept: so it can tell a client that has left from an application that failed. */
function endOnAbort(process: CgiProcess, signal: AbortSignal): void {
  const onAbort = (): void => process.end(signal.reason as Error);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
}

/** @throws what is none of ours. */
function asAnswer(error: unknown, environ: Environ): CgiRequestError | CgiProgramError {
  if (error instanceof CgiRequestError || error instanceof CgiProgramError) return error;
  const signal = environ['highball.signal']?.();
  if (signal?.aborted && signal.reason === error)
    return new CgiRequestError('CLIENT_GONE', 'the client has left');
  throw error;
}
