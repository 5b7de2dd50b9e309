import { type BodyChunk, closeBody, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import type { Output } from './output.ts';
import type { Response } from './response.ts';

/**
 * Sends a body to its end. Synchronous as long as the body is and the client keeps up: then nothing is returned;
 * otherwise a promise. `close` of the body is called in the end, whatever happens.
 * @throws whatever the body throws, and Response's errors.
 */
export function sendBody(body: ResponseBody, response: Response, output: Output): void | Promise<void> {
  if (typeof body === 'string') return sendArray([body], response);
  if (!isBody(body)) throw notABody(body);
  if (isAsyncBody(body)) return sendAsync(body, response, output);
  if (Array.isArray(body) && body.length <= 1 && !('close' in body)) return sendArray(body, response);
  return sendIterable(body as Iterable<BodyChunk>, response, output);
}

/** The usual body: one piece, its length known. */
function sendArray(body: readonly BodyChunk[], response: Response): void {
  const [chunk] = body;
  if (chunk !== undefined) checkChunk(chunk);
  if (chunk !== undefined && chunk.length > 0) response.send(chunk, byteLength(chunk));
  response.end();
}

function sendIterable(body: Iterable<BodyChunk>, response: Response, output: Output): void | Promise<void> {
  const wholeLength = Array.isArray(body)
    ? (body as BodyChunk[]).reduce((sum, chunk) => sum + byteLength(chunk), 0)
    : -1;
  const iterator = body[Symbol.iterator]();
  let waiting = false;
  try {
    for (;;) {
      const { done, value } = iterator.next();
      if (done) break;
      checkChunk(value);
      if (value.length > 0) response.send(value, wholeLength);
      if (response.aborted) break;
      if (output.full) {
        waiting = true;
        return sendSlowly(body, iterator, response, output, wholeLength);
      }
    }
    response.end();
  } catch (error) {
    iterator.return?.();
    throw error;
  } finally {
    if (!waiting) void closeBody(body);
  }
  return undefined;
}

/** Goes on with a synchronous body whose client does not keep up. */
async function sendSlowly(
  body: Iterable<BodyChunk>,
  iterator: Iterator<BodyChunk>,
  response: Response,
  output: Output,
  wholeLength: number,
): Promise<void> {
  try {
    await output.drained();
    while (!response.aborted) {
      const { done, value } = iterator.next();
      if (done) break;
      checkChunk(value);
      if (value.length > 0) response.send(value, wholeLength);
      if (output.full) await output.drained();
    }
    response.end();
  } catch (error) {
    iterator.return?.();
    throw error;
  } finally {
    await closeBody(body);
  }
}

async function sendAsync(body: AsyncIterable<BodyChunk>, response: Response, output: Output): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await nextOrGone(iterator, response);
      if (done) break;
      checkChunk(value);
      if (value.length > 0) response.send(value);
      if (output.full) await output.drained();
    }
    finished = !response.aborted;
    response.end();
  } finally {
    if (!finished) iterator.return?.().catch(() => undefined);
    await closeBody(body);
  }
}

/** The next piece, or the end as soon as the client leaves: the piece may never come. */
function nextOrGone(
  iterator: AsyncIterator<BodyChunk>,
  response: Response,
): Promise<IteratorResult<BodyChunk, unknown>> {
  return new Promise((resolve, reject) => {
    response.onAbort = () => resolve({ done: true, value: undefined });
    if (response.aborted) response.onAbort();
    iterator.next().then(resolve, reject);
  });
}

function byteLength(chunk: BodyChunk): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength;
}

function checkChunk(chunk: unknown): asserts chunk is BodyChunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  throw new TypeError(`a body's pieces are strings and Uint8Arrays, not ${describe(chunk)}; encode it first`);
}

function isBody(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false;
  return Symbol.iterator in body || Symbol.asyncIterator in body;
}

function notABody(body: unknown): TypeError {
  return new TypeError(
    `the application returned ${describe(body)}; return an iterable of strings or Uint8Arrays, as in ['Hello']`,
  );
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return 'a Uint8Array';
  return value === null
    ? 'null'
    : typeof value === 'object'
      ? `a ${value.constructor?.name ?? 'object'}`
      : typeof value;
}
