import { type BodyChunk, closeBody, type ResponseBody } from '@highball/gateway-protocol';

/** A synchronous body of which the first piece was taken already. */
export function resumed(
  first: IteratorResult<BodyChunk>,
  rest: Iterator<BodyChunk>,
  body: ResponseBody,
): Iterable<BodyChunk> & { close(): void | Promise<void> } {
  let taken: IteratorResult<BodyChunk> | undefined = first;
  const iterator: IterableIterator<BodyChunk> = {
    [Symbol.iterator]: () => iterator,
    next: () => {
      const result = taken ?? rest.next();
      taken = undefined;
      return result;
    },
    return: (value) => rest.return?.(value) ?? { done: true, value },
  };
  return { [Symbol.iterator]: () => iterator, close: () => closeBody(body) };
}
