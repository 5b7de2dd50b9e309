import { type BodyChunk, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import { ApplicationError } from '../errors.ts';
import type { Piece } from '../protocol.ts';
import type { ThreadResponse } from './response.ts';

/** A body that is whole and no larger goes in one message with its head: a fourth of the usual window. */
const WHOLE_BYTES = 65_536;
/** And in no more pieces: each costs more than its bytes. */
const WHOLE_PIECES = 64;
const NO_CHUNKS: readonly BodyChunk[] = [];

/**
 * Sends a body to its end, as fast as the client takes it.
 * @param closing - whether `close` has yet to be called behind it.
 * @returns a promise when there is something to wait for.
 * @throws ApplicationError when the body is none; what the body throws.
 */
export function sendBody(
  body: ResponseBody,
  response: ThreadResponse,
  closing: boolean,
): void | Promise<void> {
  if (typeof body === 'string') return sendArray([body], response, closing);
  if (Array.isArray(body)) return sendArray(body as BodyChunk[], response, closing);
  checkBody(body);
  if (isAsyncBody(body)) return sendAsync(body[Symbol.asyncIterator](), response, closing);
  return sendIterator((body as Iterable<BodyChunk>)[Symbol.iterator](), response, closing);
}

/** All of the body is there, so its length is known. */
function sendArray(
  chunks: readonly BodyChunk[],
  response: ThreadResponse,
  closing: boolean,
): void | Promise<void> {
  let bytes = 0;
  for (const chunk of chunks) {
    checkChunk(chunk);
    bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
  }
  if (bytes <= WHOLE_BYTES && chunks.length <= WHOLE_PIECES && response.sendWhole(copies(chunks), closing))
    return undefined;
  if (bytes > 0) response.announceLength(bytes);
  return sendIterator((bytes === 0 ? NO_CHUNKS : chunks)[Symbol.iterator](), response, closing);
}

/** Copies of exactly these bytes: a Buffer is often a part of a larger memory, all of which would be sent. */
function copies(chunks: readonly BodyChunk[]): Piece[] {
  return chunks.map((chunk) => (typeof chunk === 'string' ? chunk : new Uint8Array(chunk)));
}

/** Synchronous up to where the window is full. */
function sendIterator(
  iterator: Iterator<BodyChunk>,
  response: ThreadResponse,
  closing: boolean,
): void | Promise<void> {
  while (!response.over && !response.full) {
    // Each piece leaves before the next is asked for (PEP 3333, "Buffering and Streaming"): it may take its time.
    const { done, value } = iterator.next();
    if (done === true) {
      response.end(closing);
      return undefined;
    }
    try {
      sendPiece(value, response);
    } catch (error) {
      iterator.return?.();
      throw error;
    }
  }
  return sendSlowly(iterator, response, closing);
}

async function sendSlowly(
  iterator: Iterator<BodyChunk>,
  response: ThreadResponse,
  closing: boolean,
): Promise<void> {
  await response.drained();
  if (response.over) iterator.return?.();
  else await sendIterator(iterator, response, closing);
}

async function sendAsync(
  iterator: AsyncIterator<BodyChunk>,
  response: ThreadResponse,
  closing: boolean,
): Promise<void> {
  while (!response.over) {
    const { done, value } = await nextOrGone(iterator, response);
    if (done === true) break;
    try {
      sendPiece(value, response);
    } catch (error) {
      void abandon(iterator);
      throw error;
    }
    if (response.full) await response.drained();
  }
  if (response.over) void abandon(iterator);
  else response.end(closing);
}

function sendPiece(chunk: unknown, response: ThreadResponse): void {
  checkChunk(chunk);
  response.push(chunk);
  response.flush();
}

/** The next piece, or the end as soon as nobody wants it any more: the piece may never come. */
function nextOrGone(
  iterator: AsyncIterator<BodyChunk>,
  response: ThreadResponse,
): Promise<IteratorResult<BodyChunk, unknown>> {
  return new Promise((resolve, reject) => {
    response.onAbandoned = () => resolve({ done: true, value: undefined });
    iterator.next().then(resolve, reject);
  });
}

/** Tells an iterator that nobody asks it again. It is not waited for: it may be busy with a piece that never comes. */
async function abandon(iterator: AsyncIterator<BodyChunk>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Nobody is left to be told.
  }
}

function checkChunk(chunk: unknown): asserts chunk is BodyChunk {
  if (typeof chunk === 'string' || chunk instanceof Uint8Array) return;
  const kind = chunk === null ? 'null' : typeof chunk;
  throw new ApplicationError('BAD_CHUNK', `a body consists of strings and Uint8Arrays, not of ${kind}`);
}

function checkBody(body: unknown): void {
  const mend = "return an iterable of strings or Uint8Arrays, as in ['Hello']";
  const iterable = typeof body === 'object' && body !== null;
  if (iterable && !(body instanceof Uint8Array) && (Symbol.iterator in body || Symbol.asyncIterator in body))
    return;
  const kind = body === null ? 'null' : body instanceof Uint8Array ? 'a Uint8Array' : typeof body;
  throw new ApplicationError('BAD_BODY', `the application returned ${kind}; ${mend}`);
}
