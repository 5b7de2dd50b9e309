import { Buffer } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { IncompleteResponseError } from './errors.ts';
import type { ByteRange } from './range.ts';

/** A body is checked in blocks of this size: a part of it can be sent without reading all of it. */
export const BLOCK_BYTES = 262_144;

/** A file with a body, and what it must hold. */
export interface StoredFile {
  readonly path: string;
  readonly size: number;
  /** CRC-32 of each block. */
  readonly blocks: readonly number[];
}

/** Reads a whole body; undefined when it is gone or is not what was written. */
export async function readBody({ path, size, blocks }: StoredFile): Promise<Uint8Array | undefined> {
  const handle = await openOf(path, size);
  if (handle === undefined) return undefined;
  try {
    const body = Buffer.allocUnsafe(size);
    const { bytesRead } = await handle.read(body, 0, size, 0);
    if (bytesRead !== size) return undefined;
    for (let i = 0; i < blocks.length; i++) {
      if (crc32(body.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)) !== blocks[i]) return undefined;
    }
    return body;
  } finally {
    await handle.close();
  }
}

/** Opens a body's file; undefined when it is gone or has another length. */
export async function openOf(path: string, size: number): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch {
    return undefined;
  }
  if ((await handle.stat()).size === size) return handle;
  await handle.close();
  return undefined;
}

/**
 * A body, or a part of it, as it is read from its file: a block at a time, when the client has room. A block is sent
 * only when it is what was written.
 */
export class DiskBody implements AsyncIterable<Uint8Array> {
  readonly #handle: FileHandle;
  readonly #file: StoredFile;
  readonly #range: ByteRange;
  #closed = false;

  constructor(handle: FileHandle, file: StoredFile, range: ByteRange) {
    this.#handle = handle;
    this.#file = file;
    this.#range = range;
  }

  /** @throws IncompleteResponseError CORRUPT at a block that is not what was written. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { start, end } = this.#range;
    for (let at = Math.floor(start / BLOCK_BYTES); at * BLOCK_BYTES <= end && !this.#closed; at++) {
      const block = await this.#read(at);
      const first = at * BLOCK_BYTES;
      yield block.subarray(Math.max(start - first, 0), Math.min(end + 1 - first, block.length));
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  async #read(index: number): Promise<Uint8Array> {
    const first = index * BLOCK_BYTES;
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, this.#file.size - first));
    const { bytesRead } = await this.#handle.read(block, 0, block.length, first);
    if (bytesRead === block.length && crc32(block) === this.#file.blocks[index]) return block;
    throw new IncompleteResponseError('CORRUPT', `${this.#file.path} is not what was written`);
  }
}
