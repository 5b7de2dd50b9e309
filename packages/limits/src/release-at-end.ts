import {
  type Application,
  type BodyChunk,
  closeBody,
  type Environ,
  isAsyncBody,
  type ResponseBody,
  type StartResponse,
} from '@highball/gateway-protocol';
import { once } from './memory-store.ts';

/**
 * Calls the application, and `release` when the request is over: the application failed, the server closed the body
 * (PEP 3333: always, also when the client has left), or the connection that the application took over was closed.
 * Not before: a client that leaves and comes again must not have several requests worked at.
 */
export function releaseAtEnd(
  app: Application,
  environ: Environ,
  startResponse: StartResponse,
  release: () => void,
): ResponseBody | Promise<ResponseBody> {
  const end = once(release);
  const taken = watchUpgrade(environ, end);
  const fail = (error: unknown): never => {
    if (!taken()) end();
    throw error;
  };
  const finish = (): void => {
    if (!taken()) end();
  };
  let answer: ResponseBody | Promise<ResponseBody>;
  try {
    answer = app(environ, startResponse);
  } catch (error) {
    return fail(error);
  }
  return isPromise(answer) ? answer.then((body) => closing(body, finish), fail) : closing(answer, finish);
}

function isPromise(answer: ResponseBody | Promise<ResponseBody>): answer is Promise<ResponseBody> {
  return typeof (answer as Partial<Promise<ResponseBody>>)?.then === 'function';
}

/** A connection that was taken over, by a WebSocket say, lives on when the body is closed. */
function watchUpgrade(environ: Environ, end: () => void): () => boolean {
  const upgrade = environ['highball.upgrade'];
  let taken = false;
  if (upgrade !== undefined) {
    environ['highball.upgrade'] = () => {
      const connection = upgrade();
      taken = true;
      connection.socket.once('close', end);
      if (connection.socket.destroyed) end();
      return connection;
    };
  }
  return () => taken;
}

/** The same body with a `close` that tells. */
function closing(body: ResponseBody, finish: () => void): ResponseBody {
  const close = (): void | Promise<void> => closeThen(body, finish);
  if (typeof body === 'string') return Object.assign([body], { close });
  // A copy: the application may give the same array every time. It stays an array, whose length is known.
  if (Array.isArray(body)) return Object.assign([...(body as BodyChunk[])], { close });
  // What is no body is the server's to complain of.
  if (typeof body !== 'object' || body === null) {
    finish();
    return body;
  }
  return isAsyncBody(body)
    ? { [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), close }
    : { [Symbol.iterator]: () => (body as Iterable<BodyChunk>)[Symbol.iterator](), close };
}

function closeThen(body: ResponseBody, finish: () => void): void | Promise<void> {
  let pending: void | Promise<void> = undefined;
  try {
    pending = closeBody(body);
  } finally {
    if (pending === undefined) finish();
  }
  return pending?.finally(finish);
}
