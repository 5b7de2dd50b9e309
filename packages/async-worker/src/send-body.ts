import { type BodyChunk, isAsyncBody, type ResponseBody } from '@highball/gateway-protocol';
import { checkChunk, sizeOf } from './body-chunk.ts';
import { ApplicationError } from './errors.ts';
import type { FrozenBody } from './joined-answers.ts';
import type { Response } from './response.ts';
import type { Outlet } from './response-writer.ts';
import { isFillable, sendFilled } from './send-filled.ts';

/**
 * So much of a body is sent at a stretch; then the other connections have their turn. A client that is fast enough
 * would otherwise have the loop for itself, since its writes never wait.
 */
const TURN_BYTES = 262_144;
/** What a piece costs beside its bytes. */
const PIECE_BYTES = 256;

/**
 * Sends a body to its end. Synchronous as long as the body is and the client keeps up: then nothing is returned;
 * otherwise a promise.
 * @throws ApplicationError when the body is none; what the body throws; and Response's errors.
 */
export function sendBody(body: ResponseBody, response: Response, output: Outlet): void | Promise<void> {
  if (typeof body === 'string') return sendOne(body, response);
  if (Array.isArray(body)) {
    if (body.length !== 1) return sendArray(body as BodyChunk[], response, output);
    return sendOne(body[0], response, isFrozen(body) ? body : undefined);
  }
  checkBody(body);
  if (isFillable(body)) return sendFilled(body, response, output);
  if (isAsyncBody(body)) return sendAsync(body[Symbol.asyncIterator](), response, output);
  return sendIterator((body as Iterable<BodyChunk>)[Symbol.iterator](), response, output);
}

/** The usual body: one piece. */
function sendOne(chunk: unknown, response: Response, frozen?: FrozenBody): void {
  checkChunk(chunk);
  const size = sizeOf(chunk);
  response.send(chunk, size, size, frozen);
  response.end();
}

function isFrozen(body: readonly unknown[]): body is FrozenBody {
  return body[0] instanceof Uint8Array && Object.isFrozen(body);
}

/** All of the body is there, so its length is known. */
function sendArray(chunks: readonly BodyChunk[], response: Response, output: Outlet): void | Promise<void> {
  let wholeLength = 0;
  for (const chunk of chunks) {
    checkChunk(chunk);
    wholeLength += sizeOf(chunk);
  }
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as BodyChunk;
    response.send(chunk, sizeOf(chunk), wholeLength);
    if (output.full && i + 1 < chunks.length)
      return sendSlowly(chunks.slice(i + 1).values(), response, output);
  }
  response.end();
  return undefined;
}

function sendIterator(
  iterator: Iterator<BodyChunk>,
  response: Response,
  output: Outlet,
): void | Promise<void> {
  if (!sendSome(iterator, response, output)) return sendSlowly(iterator, response, output);
  response.end();
  return undefined;
}

async function sendSlowly(iterator: Iterator<BodyChunk>, response: Response, output: Outlet): Promise<void> {
  do {
    await (output.full ? output.drained() : nextTurn());
  } while (!sendSome(iterator, response, output));
  response.end();
}

/**
 * Sends what may be sent at a stretch; says whether that was all. Each piece leaves before the next is asked for
 * (PEP 3333, "Buffering and Streaming"): it may take its time.
 */
function sendSome(iterator: Iterator<BodyChunk>, response: Response, output: Outlet): boolean {
  if (response.aborted) {
    iterator.return?.();
    return true;
  }
  for (let budget = TURN_BYTES; budget > 0 && !output.full;) {
    const { done, value } = iterator.next();
    if (done) return true;
    try {
      budget -= sendPiece(value, response) + PIECE_BYTES;
      output.flush();
    } catch (error) {
      iterator.return?.();
      throw error;
    }
    if (response.satisfied) {
      iterator.return?.();
      return true;
    }
  }
  return false;
}

async function sendAsync(
  iterator: AsyncIterator<BodyChunk>,
  response: Response,
  output: Outlet,
): Promise<void> {
  let budget = TURN_BYTES;
  for (;;) {
    const { done, value } = await nextOrGone(iterator, response);
    if (done) break;
    try {
      budget -= sendPiece(value, response) + PIECE_BYTES;
    } catch (error) {
      void abandon(iterator);
      throw error;
    }
    if (response.satisfied) break;
    if (output.full) await output.drained();
    else if (budget <= 0) await nextTurn();
    if (budget <= 0) budget = TURN_BYTES;
  }
  if (response.satisfied) void abandon(iterator);
  response.end();
}

function sendPiece(chunk: unknown, response: Response): number {
  checkChunk(chunk);
  const size = sizeOf(chunk);
  response.send(chunk, size);
  return size;
}

/** The next piece, or the end as soon as the client leaves: the piece may never come. */
function nextOrGone(
  iterator: AsyncIterator<BodyChunk>,
  response: Response,
): Promise<IteratorResult<BodyChunk, unknown>> {
  return new Promise((resolve, reject) => {
    response.onAbort = () => resolve({ done: true, value: undefined });
    if (response.aborted) response.onAbort();
    else iterator.next().then(resolve, reject);
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

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @throws ApplicationError with the mend, when an application returned something else than a body. */
function checkBody(body: unknown): void {
  const mend = "return an iterable of strings or Uint8Arrays, as in ['Hello']";
  if (body instanceof Uint8Array) {
    throw new ApplicationError(
      'BAD_BODY',
      `the application returned a Uint8Array, which iterates as numbers; ${mend}`,
    );
  }
  if (typeof body === 'object' && body !== null && (Symbol.iterator in body || Symbol.asyncIterator in body))
    return;
  const kind = body === null ? 'null' : typeof body;
  throw new ApplicationError('BAD_BODY', `the application returned ${kind}; ${mend}`);
}
