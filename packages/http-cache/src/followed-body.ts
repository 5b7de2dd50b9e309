import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { closeBody, type ResponseBody } from '@highball/gateway-protocol';
import { continuedBody } from './continued-body.ts';
import { IncompleteResponseError } from './errors.ts';
import type { FetchEvent } from './peer-messages.ts';

/** What is read at a time. */
const PIECE_BYTES = 65_536;

/** The same body, when it is fetched by another; undefined when it is not to be had. */
export type FetchAnew = () => Promise<ResponseBody | undefined>;

/** A body that another process fetches, read from its file while that grows. */
export class FollowedBody implements AsyncIterable<Uint8Array> {
  readonly #handle: FileHandle;
  readonly #fetchAnew: FetchAnew;
  #size = 0;
  #state: 'growing' | 'whole' | 'lost' | 'closed' = 'growing';
  #wake: (() => void) | undefined;

  /**
   * @param handle - is closed by this.
   * @param fetchAnew - called when the process that fetches it is gone.
   */
  constructor(handle: FileHandle, fetchAnew: FetchAnew) {
    this.#handle = handle;
    this.#fetchAnew = fetchAnew;
  }

  /** Takes in what is told of it. */
  take(event: FetchEvent): void {
    if (event.kind === 'streaming' || event.kind === 'bytes' || event.kind === 'end') this.#size = event.size;
    if (event.kind === 'end') this.#state = 'whole';
    else if (event.kind !== 'streaming' && event.kind !== 'bytes' && this.#state === 'growing')
      this.#state = 'lost';
    this.#wake?.();
  }

  /** @throws IncompleteResponseError TRUNCATED when nobody can go on with it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      let at = 0;
      for await (const piece of this.#pieces()) {
        at += piece.length;
        yield piece;
      }
      if (this.#state === 'lost') yield* this.#rest(at);
      if (this.#state === 'closed') throw truncated('nobody wants the rest');
    } finally {
      await this.#handle.close();
    }
  }

  /** Nobody reads it any more. */
  close(): void {
    this.#state = 'closed';
    this.#wake?.();
  }

  /** As far as the file goes. */
  async *#pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    let at = 0;
    while (this.#state !== 'closed') {
      const available = this.#size - at;
      if (available > 0) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, available));
        const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at);
        if (bytesRead === 0) throw truncated('its file is shorter than it was said to be');
        at += bytesRead;
        yield piece.subarray(0, bytesRead);
      } else if (this.#state !== 'growing') return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async *#rest(sentBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    const body = await this.#fetchAnew();
    if (body === undefined) throw truncated('the process that fetched it is gone');
    try {
      yield* continuedBody(body, this.#handle, sentBytes);
    } finally {
      await closeBody(body);
    }
  }
}

function truncated(message: string): IncompleteResponseError {
  return new IncompleteResponseError('TRUNCATED', message);
}
