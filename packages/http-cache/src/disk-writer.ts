import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { BLOCK_BYTES } from './disk-body.ts';
import { withFolder } from './with-folder.ts';

/** What is held back for a slow disk. */
const BACKLOG_BYTES = 1_048_576;

/** Writes a body to a file of its own, which gets its name, the digest of its content, when it is whole. */
export class DiskWriter {
  readonly #path: string;
  /** Told how much of it is in the file, after each piece. */
  onWritten: ((size: number) => void) | undefined;
  readonly #hash: Hash = createHash('sha256');
  readonly #blocks: number[] = [];
  #crc = 0;
  #inBlock = 0;
  #size = 0;
  #written = 0;
  #backlog = 0;
  #handle: FileHandle | undefined;
  #error: unknown;
  /** The writes one after another. */
  #chain: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    this.#chain = this.#do(async () => {
      this.#handle = await withFolder(path, () => open(path, 'wx', 0o600));
    });
  }

  /** What the file is called until the body is whole. */
  get name(): string {
    return basename(this.#path);
  }

  /** @returns a promise when the disk is behind: then wait before the next. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#hash.update(chunk);
    this.#checksum(chunk);
    this.#size += chunk.length;
    this.#backlog += chunk.length;
    this.#chain = this.#do(async () => {
      await this.#handle?.writeFile(chunk);
      this.#backlog -= chunk.length;
      this.#written += chunk.length;
      this.onWritten?.(this.#written);
    });
    return this.#backlog > BACKLOG_BYTES ? this.#chain : undefined;
  }

  /**
   * Gives the file its name.
   * @param nameOf - the path for a digest, in hexadecimal.
   * @returns undefined when it could not be written: nothing is left of it then.
   */
  async finish(
    nameOf: (digest: string) => string,
  ): Promise<{ path: string; size: number; blocks: readonly number[] } | undefined> {
    if (this.#inBlock > 0) this.#blocks.push(this.#crc);
    await this.#chain;
    if (this.#error === undefined) {
      const path = nameOf(this.#hash.digest('hex'));
      await this.#do(async () => {
        await this.#close();
        await withFolder(path, () => rename(this.#path, path));
      });
      if (this.#error === undefined) return { path, size: this.#size, blocks: this.#blocks };
    }
    await this.abort();
    return undefined;
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    this.#error ??= new Error('not wanted any more');
    await this.#chain;
    await this.#close();
    await unlink(this.#path).catch(() => undefined);
  }

  /** After an error nothing more is written; a cache may fail to store. */
  async #do(step: () => Promise<void>): Promise<void> {
    await this.#chain;
    if (this.#error !== undefined) return;
    try {
      await step();
    } catch (error) {
      this.#error = error;
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  #checksum(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const part = chunk.subarray(at, at + BLOCK_BYTES - this.#inBlock);
      this.#crc = crc32(part, this.#crc);
      this.#inBlock += part.length;
      at += part.length;
      if (this.#inBlock < BLOCK_BYTES) continue;
      this.#blocks.push(this.#crc);
      this.#crc = 0;
      this.#inBlock = 0;
    }
  }
}
