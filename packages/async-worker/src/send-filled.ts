import type { ResponseBody } from '@highball/gateway-protocol';
import { performance } from 'node:perf_hooks';
import { ApplicationError } from './errors.ts';
import { LentBuffers } from './lent-buffers.ts';
import type { Response } from './response.ts';
import type { Outlet } from './response-writer.ts';

/** A body that puts its bytes into memory of the server. */
type FillableBody = Required<Pick<ResponseBody, 'readInto'>>;

/** A buffer, and how much of it is filled. */
interface Piece {
  readonly buffer: Buffer;
  readonly bytes: number;
}

/** Who takes a piece within this time gets larger ones, and the next is read meanwhile. */
const BRISK_MS = 100;

const buffers = new LentBuffers();

/** Whether a body can put its bytes into memory of the server. */
export function isFillable(body: ResponseBody): body is ResponseBody & FillableBody {
  return typeof body.readInto === 'function';
}

/**
 * Sends a body by way of buffers that are used again as soon as the kernel has taken what is in them. A slow client
 * costs one small buffer, a brisk one two large ones.
 * @throws ApplicationError when the body is none; what the body throws; and Response's errors.
 */
export async function sendFilled(
  body: FillableBody,
  response: Response,
  output: Outlet,
  now: () => number = () => performance.now(),
): Promise<void> {
  let brisk = false;
  let filling: Promise<Piece> | undefined;
  try {
    while (!response.satisfied) {
      filling ??= fill(body, brisk);
      const piece = await filledOrGone(filling, response);
      if (piece === undefined || piece.bytes === 0) break;
      filling = brisk ? fill(body, brisk) : undefined;
      const begun = now();
      await send(piece, response, output);
      brisk = now() - begun < BRISK_MS;
    }
  } finally {
    // It may have been asked for in vain: the client is gone, or the body has failed.
    filling?.then(takeBack, ignore);
  }
  response.end();
}

/** Sends a piece, and waits until the client has room for more. */
async function send({ buffer, bytes }: Piece, response: Response, output: Outlet): Promise<void> {
  try {
    response.send(buffer.subarray(0, bytes), bytes);
    if (output.full) await output.drained();
  } finally {
    buffers.takeBack(buffer, output.sent);
  }
}

/** Has a buffer filled. What is not asked for any more may fail. */
function fill(body: FillableBody, large: boolean): Promise<Piece> {
  const filling = fillOne(body, buffers.lend(large));
  filling.catch(ignore);
  return filling;
}

async function fillOne(body: FillableBody, buffer: Buffer): Promise<Piece> {
  try {
    const bytes = await body.readInto(buffer);
    if (Number.isInteger(bytes) && bytes >= 0 && bytes <= buffer.byteLength) return { buffer, bytes };
  } catch (error) {
    buffers.takeBack(buffer, false);
    throw error;
  }
  buffers.takeBack(buffer, false);
  throw new ApplicationError('BAD_BODY', 'readInto of a body says how many bytes it has put into the buffer');
}

/** The next piece, or undefined as soon as the client leaves: the piece may never come. */
function filledOrGone(filling: Promise<Piece>, response: Response): Promise<Piece | undefined> {
  return new Promise((resolve, reject) => {
    response.onAbort = () => resolve(undefined);
    if (response.aborted) response.onAbort();
    else filling.then(resolve, reject);
  });
}

function takeBack({ buffer }: Piece): void {
  buffers.takeBack(buffer, true);
}

function ignore(): void {
  // Who waits for it is told.
}
