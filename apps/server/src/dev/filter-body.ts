import { type BodyChunk, closeBody, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';

/** What may be done with the pieces of a body on their way to the client. */
export interface BodyFilter {
  /** Each piece, in its order. */
  piece(chunk: BodyChunk): BodyChunk;
  /** What follows the last piece. */
  tail(): Iterable<BodyChunk>;
  /** The body threw: what follows instead; throws on if nothing can. */
  failed(error: unknown): Iterable<BodyChunk>;
}

/** Passes a body through a filter. A synchronous body stays synchronous; `close` of the body is kept. */
export function filterBody(body: ResponseBody, filter: BodyFilter): ResponseBody {
  const close = (): void | Promise<void> => closeBody(body);
  if (isAsyncBody(body)) return Object.assign(filterAsync(body, filter), { close });
  return Object.assign(filterSync(body, filter), { close });
}

function* filterSync(body: Iterable<BodyChunk>, filter: BodyFilter): Generator<BodyChunk> {
  try {
    for (const chunk of body) yield filter.piece(chunk);
  } catch (error) {
    yield* filter.failed(error);
    return;
  }
  yield* filter.tail();
}

async function* filterAsync(body: AsyncIterable<BodyChunk>, filter: BodyFilter): AsyncGenerator<BodyChunk> {
  try {
    for await (const chunk of body) yield filter.piece(chunk);
  } catch (error) {
    yield* filter.failed(error);
    return;
  }
  yield* filter.tail();
}

/** Bytes of a piece. */
export function sizeOf(chunk: BodyChunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}

/** Whether a value is awaited. */
export function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return typeof (value as Promise<Value> | undefined)?.then === 'function';
}
