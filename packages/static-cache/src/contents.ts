import { Buffer } from 'node:buffer';
import type { Descriptors } from './descriptors.ts';
import { FileChangedError } from './errors.ts';
import { readFully } from './file-body.ts';
import type { Representation } from './representation.ts';
import { S3Fifo } from './s3-fifo.ts';

/** The content of a file in one state of it. */
export interface Content {
  readonly state: string;
  readonly bytes: Uint8Array;
  /** The same as the body of an answer. */
  readonly body: readonly [Uint8Array];
}

/** Calls back some time after nobody can reach an object any more. */
export type OnceCollected = (object: object, callback: () => void) => void;

/** So much of memory a slow client costs anyway: a content that is no larger need not be counted after its eviction. */
const COUNTED_BYTES = 65_536;
/** The part of the memory that is left to what was evicted and is still being sent. */
const HEADROOM = 0.25;
/** What a content costs beside its bytes and the characters of its path. */
const OVERHEAD_BYTES = 512;
/** No entries are counted here: each weighs at least its overhead. */
const MAX_ENTRIES = 1_000_000;

/**
 * The contents of files that are asked for often. What is being read, and what slow clients are being sent although
 * the cache has let go of it, counts too: whatever the traffic, the sum stays below the limit. How long somebody sends
 * a content only the garbage collector knows: servers close a body when they have taken it over.
 */
export class Contents {
  readonly #maxBytes: number;
  readonly #maxFileBytes: number;
  readonly #descriptors: Descriptors;
  readonly #onceCollected: OnceCollected;
  readonly #cache: S3Fifo<Content>;
  readonly #maxCacheBytes: number;
  /** One read of a file serves all who ask for it in the meantime. */
  readonly #loading = new Map<string, Promise<Content | undefined>>();
  /** Bytes that are being read. */
  #loadingBytes = 0;
  /** Bytes that the cache has let go of and that are still in memory. */
  #lingeringBytes = 0;

  constructor(
    limits: { maxBytes: number; maxFileBytes: number },
    descriptors: Descriptors,
    onceCollected: OnceCollected = finalizer(),
  ) {
    this.#maxBytes = limits.maxBytes;
    this.#maxFileBytes = limits.maxFileBytes;
    this.#descriptors = descriptors;
    this.#onceCollected = onceCollected;
    this.#maxCacheBytes = limits.maxBytes * (1 - HEADROOM);
    this.#cache = new S3Fifo({ maxBytes: this.#maxCacheBytes, maxEntries: MAX_ENTRIES }, (content) =>
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
    const weight = weigh(path, size);
    if (size > this.#maxFileBytes || weight > this.#maxCacheBytes) return false;
    // Evicting makes no room at once: what is evicted may still be sent, and counts until that is over.
    return this.#loading.has(`${path}\0${state}`) || this.bytes + weight <= this.#maxBytes;
  }

  /** Reads a file that {@link accepts} says yes to; undefined when it is not any more what it was. */
  load(file: Representation): Promise<Content | undefined> {
    const key = `${file.path}\0${file.state}`;
    const loading = this.#loading.get(key) ?? this.#load(file).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  async #load(file: Representation): Promise<Content | undefined> {
    const weight = weigh(file.path, file.size);
    this.#loadingBytes += weight;
    try {
      // Room is made before it is taken.
      while (this.#cache.bytes + this.#loadingBytes > this.#maxCacheBytes && this.#cache.evictSome());
      const bytes = await this.#read(file);
      if (bytes === undefined) return undefined;
      const content: Content = { state: file.state, bytes, body: Object.freeze([bytes] as const) };
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

  #evicted({ bytes: { buffer, byteLength } }: Content): void {
    if (byteLength <= COUNTED_BYTES) return;
    this.#lingeringBytes += byteLength;
    // The memory itself: parts of it are sent as views of their own.
    this.#onceCollected(buffer, () => (this.#lingeringBytes -= byteLength));
  }
}

function weigh(path: string, size: number): number {
  return OVERHEAD_BYTES + 2 * path.length + size;
}

function finalizer(): OnceCollected {
  const registry = new FinalizationRegistry<() => void>((callback) => callback());
  return (object, callback) => registry.register(object, callback);
}
