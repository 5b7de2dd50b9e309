import type { Environ } from './environ.ts';

/** One header field of a response: name, then value; latin-1, without CR, LF or NUL. */
export type HeaderField = [name: string, value: string];

/** Header fields in the order in which they are sent; repeats are allowed. */
export type HeaderList = HeaderField[];

/** A piece of a response body. A string is sent as UTF-8. */
export type BodyChunk = Uint8Array | string;

/**
 * Sends a piece of the body at once (PEP 3333, "The write() Callable"): for code that cannot return an
 * iterable. The promise, when there is one, resolves when the client has caught up.
 */
export type Write = (chunk: BodyChunk) => void | Promise<void>;

/**
 * Begins a response (PEP 3333, "The start_response() Callable"). Nothing is sent before the first non-empty
 * chunk of the body, or its end.
 *
 * @param status - code and reason, as in `'200 OK'`.
 * @param headers - the fields; hop-by-hop ones (Connection, Transfer-Encoding…) are the server's own.
 *   The list may be frozen, and the same for many responses: middleware passes another one on, and changes none.
 * @param error - what went wrong, when an error page replaces a response already begun. If the head has been
 *   sent already, this is thrown and the connection is cut.
 * @throws Error when called a second time without `error`, or with a status or field that cannot be sent.
 */
export type StartResponse = (status: string, headers: HeaderList, error?: unknown) => Write;

/**
 * The body of a response. `close`, if there is one, is called once, at the end of the request, also when the
 * client left early. An array (or another synchronous iterable) of a synchronous application is sent without
 * a promise. A frozen array promises that its bytes never change either: a server may keep the answer it made of it.
 */
export type ResponseBody = (Iterable<BodyChunk> | AsyncIterable<BodyChunk>) & {
  close?(): void | Promise<void>;
  /**
   * Another way to the same bytes, for a server that uses its memory again (as `readinto` of Python's files): puts
   * what comes next into the buffer and says how many bytes, 0 at the end. It is called again when that is known, and
   * not beside the iterator. Whoever wraps a body may leave it out.
   */
  readInto?(buffer: Uint8Array): Promise<number>;
};

/** What answers a request: the user's program, static files, a proxy, a rule. */
export type Application = (
  environ: Environ,
  startResponse: StartResponse,
) => ResponseBody | Promise<ResponseBody>;

/** Wraps an application into another one. */
export type Middleware = (app: Application) => Application;

/**
 * Joins middleware into one: the first is the outermost, it sees the request first and the answer last.
 * `compose(a, b)(app)` is `a(b(app))`.
 */
export function compose(...middleware: readonly Middleware[]): Middleware {
  return (app) => middleware.reduceRight((inner, wrap) => wrap(inner), app);
}
