import type { BodyChunk, ResponseBody } from './application.ts';

/** Whether a body must be awaited piece by piece; arrays and generators need not be. */
export function isAsyncBody(body: ResponseBody): body is AsyncIterable<BodyChunk> {
  return typeof (body as Partial<AsyncIterable<BodyChunk>>)[Symbol.asyncIterator] === 'function';
}

/** Calls `close` of a body, where it has one (PEP 3333: always, also on disconnects). */
export function closeBody(body: ResponseBody): void | Promise<void> {
  // A string is a legal body without methods of its own; hence the check of the type.
  if (typeof body === 'object' && typeof body.close === 'function') return body.close();
}
