import {
  type Application,
  type BodyChunk,
  closeBody,
  type HeaderList,
  isAsyncBody,
  type Middleware,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import type { AccessRecord } from './record.ts';

type OnResponse = (record: AccessRecord) => void;

/** What is known so far of a response. */
class Tally {
  status = '';
  headers: HeaderList | undefined;
  bodyBytes = 0;
  complete = false;
  over = false;

  count(chunk: BodyChunk): void {
    this.bodyBytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
  }
}

/**
 * Middleware that makes a record of each request when the server closes the body. It sees what the application
 * gives, not what the client takes: of a body that is an array it cannot tell whether all of it was sent.
 */
export function recordResponses(
  onResponse: OnResponse,
  now: () => number = () => performance.now(),
): Middleware {
  return (app) => (environ, startResponse) => {
    const startedAt = now();
    const tally = new Tally();
    const finish = (): void => {
      if (tally.over) return;
      tally.over = true;
      const { status, headers, complete } = tally;
      const bodyBytes = environ.REQUEST_METHOD === 'HEAD' ? 0 : tally.bodyBytes;
      onResponse({ environ, status, headers, bodyBytes, complete, durationMs: now() - startedAt });
    };
    const fail = (error: unknown): never => {
      // The server answers with this.
      tally.status ||= '500 Internal Server Error';
      finish();
      throw error;
    };
    const answer = callQuietly(app, environ, watchHead(startResponse, tally), fail);
    return answer instanceof Promise
      ? answer.then((body) => watchBody(body, tally, finish), fail)
      : watchBody(answer, tally, finish);
  };
}

function callQuietly(
  app: Application,
  environ: Parameters<Application>[0],
  startResponse: StartResponse,
  fail: (error: unknown) => never,
): ReturnType<Application> {
  try {
    return app(environ, startResponse);
  } catch (error) {
    return fail(error);
  }
}

function watchHead(startResponse: StartResponse, tally: Tally): StartResponse {
  return (status, headers, error) => {
    const write = startResponse(status, headers, error);
    tally.status = status;
    tally.headers = headers;
    return (chunk) => {
      const written = write(chunk);
      tally.count(chunk);
      return written;
    };
  };
}

function watchBody(body: ResponseBody, tally: Tally, finish: () => void): ResponseBody {
  const close = (): void | Promise<void> => closeAndFinish(body, finish);
  if (typeof body === 'string') return watchBody([body], tally, finish);
  if (Array.isArray(body)) {
    const chunks = body as BodyChunk[];
    for (const chunk of chunks) tally.count(chunk);
    tally.complete = true;
    // A copy: the application may give the same array every time.
    return Object.assign([...chunks], { close });
  }
  return isAsyncBody(body)
    ? { [Symbol.asyncIterator]: () => watchAsync(body[Symbol.asyncIterator](), tally), close }
    : { [Symbol.iterator]: () => watchSync((body as Iterable<BodyChunk>)[Symbol.iterator](), tally), close };
}

function closeAndFinish(body: ResponseBody, finish: () => void): void | Promise<void> {
  let closing: void | Promise<void> = undefined;
  try {
    closing = closeBody(body);
  } finally {
    if (!(closing instanceof Promise)) finish();
  }
  return closing instanceof Promise ? closing.finally(finish) : undefined;
}

function watchSync(inner: Iterator<BodyChunk>, tally: Tally): Iterator<BodyChunk> {
  return {
    next: () => note(inner.next(), tally),
    return: (value) => inner.return?.(value) ?? { done: true, value: undefined },
  };
}

function watchAsync(inner: AsyncIterator<BodyChunk>, tally: Tally): AsyncIterator<BodyChunk> {
  return {
    next: () => inner.next().then((result) => note(result, tally)),
    return: (value) => inner.return?.(value) ?? Promise.resolve({ done: true, value: undefined }),
  };
}

function note(result: IteratorResult<BodyChunk>, tally: Tally): IteratorResult<BodyChunk> {
  if (result.done) tally.complete = true;
  else tally.count(result.value);
  return result;
}
