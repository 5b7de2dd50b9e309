import type { BodyChunk } from '@highball/gateway-protocol';
import type { Descriptors } from './descriptors.ts';
import { FileChangedError } from './errors.ts';
import { readFully } from './file-body.ts';
import type { Representation } from './representation.ts';
import { S3Fifo } from './s3-fifo.ts';

/** The content of a file in one state of it. */
export interface Content {
  readonly state: string;
  readonly bytes: Uint8Array;
  /** How many answers are being sent out of it. */
  users: number;
  /** Whether the cache has let go of it. */
  evicted: boolean;
}

/** So much of memory a slow client costs anyway: who is sent no more than that need not be counted. */
const COUNTED_BYTES = 65_536;
/** What a content costs beside its bytes and the characters of its path. */
const OVERHEAD_BYTES = 512;
/** No entries are counted here: each weighs at least its overhead. */
const MAX_ENTRIES = 1_000_000;

/**
 * The contents of files that are asked for often. What is being read, and what slow clients are being sent although
 * the cache has let go of it, counts too: whatever the traffic, the sum stays below the limit.
 */
export class Contents {
  readonly #maxBytes: number;
  readonly #maxFileBytes: number;
  readonly #descriptors: Descriptors;
  readonly #cache: S3Fifo<Content>;
  /** One read of a file serves all who ask for it in the meantime. */
  readonly #loading = new Map<string, Promise<Content | undefined>>();
  /** Bytes that are being read. */
  #loadingBytes = 0;
  /** Bytes that are being sent, and those among them that the cache has let go of. */
  #usedBytes = 0;
  #lingeringBytes = 0;

  constructor(limits: { maxBytes: number; maxFileBytes: number }, descriptors: Descriptors) {
    this.#maxBytes = limits.maxBytes;
    this.#maxFileBytes = limits.maxFileBytes;
    this.#descriptors = descriptors;
    this.#cache = new S3Fifo({ maxBytes: limits.maxBytes, maxEntries: MAX_ENTRIES }, (content) =>
      this.#evicted(content),
    );
  }

  /** Bytes of memory in use. */
  get bytes(): number {
    return this.#cache.bytes + this.#loadingBytes + this.#lingeringBytes;
  }

  get size(): number {
    return this.#cache.size;
  }

  /** The content of a file, when it is in memory. */
  get({ path, state }: Representation): Content | undefined {
    const content = this.#cache.get(path);
    return content?.state === state ? content : undefined;
  }

  /** Whether a file may be read into memory: it is small enough, and there is room for it at the moment. */
  accepts({ path, state, size }: Representation): boolean {
    if (size > this.#maxFileBytes) return false;
    const taken = this.#usedBytes + this.#loadingBytes;
    return this.#loading.has(`${path}\0${state}`) || taken + weigh(path, size) <= this.#maxBytes;
  }

  /** Reads a file that {@link accepts} says yes to; undefined when it is not any more what it was. */
  load(file: Representation): Promise<Content | undefined> {
    const key = `${file.path}\0${file.state}`;
    const loading = this.#loading.get(key) ?? this.#load(file).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** A body of a content, or of pieces of it. It counts as long as it is being sent. */
  send(content: Content, pieces: BodyChunk[]): BodyChunk[] & { close?(): void } {
    if (content.bytes.byteLength <= COUNTED_BYTES) return pieces;
    if (content.users++ === 0) this.#count(content, content.bytes.byteLength);
    return Object.assign(pieces, { close: once(() => this.#sent(content)) });
  }

  async #load(file: Representation): Promise<Content | undefined> {
    const weight = weigh(file.path, file.size);
    this.#loadingBytes += weight;
    try {
      // Room is made before it is taken.
      while (this.bytes > this.#maxBytes && this.#cache.evictSome());
      const bytes = await this.#read(file);
      if (bytes === undefined) return undefined;
      const content: Content = { state: file.state, bytes, users: 0, evicted: false };
      this.#cache.set(file.path, content, weight);
      return content;
    } finally {
      this.#loadingBytes -= weight;
    }
  }

  async #read(file: Representation): Promise<Uint8Array | undefined> {
    const descriptor = await this.#descriptors.acquire(file);
    if (descriptor === undefined) return undefined;
    try {
      const bytes = Buffer.allocUnsafeSlow(file.size);
      await readFully(descriptor, bytes, 0);
      return (await descriptor.isUnchanged()) ? bytes : undefined;
    } catch (error) {
      if (error instanceof FileChangedError) return undefined;
      throw error;
    } finally {
      descriptor.release();
    }
  }

  #evicted(content: Content): void {
    content.evicted = true;
    if (content.users > 0) this.#lingeringBytes += content.bytes.byteLength;
  }

  #sent(content: Content): void {
    if (--content.users === 0) this.#count(content, -content.bytes.byteLength);
  }

  #count(content: Content, bytes: number): void {
    this.#usedBytes += bytes;
    if (content.evicted) this.#lingeringBytes += bytes;
  }
}

function weigh(path: string, size: number): number {
  return OVERHEAD_BYTES + 2 * path.length + size;
}

function once(callback: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    callback();
  };
}
