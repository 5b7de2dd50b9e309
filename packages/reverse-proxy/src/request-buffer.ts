import type { HeaderList } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BodySource } from './body-source.ts';
import type { ResolvedBuffering } from './options.ts';

const READ_BYTES = 65_536;

/** A body that was kept: in memory, then in a file that has no name any more and ends with its handle. */
export class BufferedBody implements BodySource {
  readonly replayable = true;
  readonly #memory: readonly Uint8Array[];
  readonly #file: FileHandle | undefined;
  readonly #trailers: HeaderList;
  readonly length: number;
  started = false;

  constructor(
    memory: readonly Uint8Array[],
    file: FileHandle | undefined,
    length: number,
    trailers: HeaderList,
  ) {
    this.#memory = memory;
    this.#file = file;
    this.length = length;
    this.#trailers = trailers;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    this.started = true;
    for (const piece of this.#memory) yield piece;
    if (this.#file === undefined) return;
    for (let position = 0; ;) {
      const { bytesRead, buffer } = await this.#file.read(
        Buffer.allocUnsafe(READ_BYTES),
        0,
        READ_BYTES,
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** The pieces, where all of them are in memory. */
  get pieces(): readonly Uint8Array[] | undefined {
    return this.#file === undefined ? this.#memory : undefined;
  }

  trailers(): HeaderList {
    return this.#trailers;
  }

  /** Lets go of the file. */
  async dispose(): Promise<void> {
    await this.#file?.close();
  }
}

/**
 * Reads a body to its end and keeps it.
 * @returns undefined when it is longer than allowed.
 * @throws what reading it throws, when the client leaves.
 */
export async function bufferBody(
  input: AsyncIterable<Uint8Array>,
  trailers: (() => HeaderList) | undefined,
  { maxMemoryBytes, maxBytes, folder }: ResolvedBuffering,
): Promise<BufferedBody | undefined> {
  const memory: Uint8Array[] = [];
  let file: FileHandle | undefined;
  let length = 0;
  try {
    for await (const chunk of input) {
      length += chunk.length;
      if (length > maxBytes) {
        await file?.close();
        return undefined;
      }
      if (file === undefined && length <= maxMemoryBytes) memory.push(chunk);
      else {
        file ??= await openNameless(folder ?? tmpdir());
        await file.writeFile(chunk);
      }
    }
  } catch (error) {
    await file?.close();
    throw error;
  }
  return new BufferedBody(memory, file, length, trailers?.() ?? []);
}

/** A file that nobody else can open, and that is gone with the process, however that ends. */
async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `highball-body-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}
