import type { FileHandle } from 'node:fs/promises';
import { IncompleteResponseError } from './errors.ts';
import type { FetchEvent } from './peer-messages.ts';

/** What is read at a time. */
const PIECE_BYTES = 65_536;

/** A body that another process fetches, read from its file while that grows. */
export class FollowedBody implements AsyncIterable<Uint8Array> {
  readonly #handle: FileHandle;
  #size = 0;
  #state: 'growing' | 'whole' | 'lost' = 'growing';
  #wake: (() => void) | undefined;

  /** @param handle - is closed by this. */
  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Takes in what is told of it. */
  take(event: FetchEvent): void {
    if (event.kind === 'streaming' || event.kind === 'bytes' || event.kind === 'end') this.#size = event.size;
    if (event.kind === 'end') this.#state = 'whole';
    else if (event.kind !== 'streaming' && event.kind !== 'bytes' && this.#state === 'growing')
      this.#state = 'lost';
    this.#wake?.();
  }

  /** @throws IncompleteResponseError TRUNCATED when nobody writes it any more. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let at = 0; ;) {
        const available = this.#size - at;
        if (available > 0) {
          const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, available));
          const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at);
          if (bytesRead === 0) throw truncated('its file is shorter than it was said to be');
          at += bytesRead;
          yield piece.subarray(0, bytesRead);
        } else if (this.#state === 'whole') return;
        else if (this.#state === 'lost') throw truncated('the process that fetched it is gone');
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      await this.#handle.close();
    }
  }

  /** Nobody reads it any more. */
  close(): void {
    this.take({ kind: 'lost' });
  }
}

function truncated(message: string): IncompleteResponseError {
  return new IncompleteResponseError('TRUNCATED', message);
}
