import type { FetchEvent } from './peer-messages.ts';
import type { Tell } from './peer-server.ts';

/** How a lock is let go. */
export interface Lock {
  release(): Promise<void>;
  releaseNow(): void;
}

type Streaming = FetchEvent & { readonly kind: 'streaming' };

/** A fetch of this process that others may follow. */
export class Lead {
  readonly #lock: Lock;
  readonly #followers = new Set<Tell>();
  #released: Promise<void> | undefined;
  /** What one who comes late must know. */
  #head: Streaming | undefined;
  #ended = false;
  /** Whether what is fetched is what would be fetched now: not when it was invalidated meanwhile. */
  isCurrent: () => boolean = () => true;

  constructor(lock: Lock) {
    this.#lock = lock;
  }

  /** How many wait for it or read along. */
  get followers(): number {
    return this.#followers.size;
  }

  /** @returns what is to be called when the follower is gone. */
  join(tell: Tell): () => void {
    if (this.#ended || !this.isCurrent()) {
      // Those who came before read it to its end; this one may fetch it anew.
      void this.#release().then(() => tell({ kind: 'over' }));
      return () => undefined;
    }
    this.#followers.add(tell);
    if (this.#head !== undefined) tell(this.#head);
    return () => this.#followers.delete(tell);
  }

  /** So much of the body is in a file, and there is more to come. */
  grow(size: number, file: string, head: Streaming['head']): void {
    const first = this.#head === undefined;
    this.#head = { kind: 'streaming', head, file, size };
    this.#tell(first ? this.#head : { kind: 'bytes', size });
  }

  /** The body is whole. */
  whole(size: number): void {
    if (this.#head === undefined) return;
    this.#head = { ...this.#head, size };
    this.#tell({ kind: 'end', size });
  }

  /** Lets the others go, those that come in this moment as well. */
  async end(event: FetchEvent): Promise<void> {
    await this.#release();
    if (this.#ended) return;
    this.#ended = true;
    this.#tell(event);
    this.#followers.clear();
  }

  /** The process ends. */
  releaseNow(): void {
    if (this.#released === undefined) this.#lock.releaseNow();
    this.#released = Promise.resolve();
  }

  #release(): Promise<void> {
    return (this.#released ??= this.#lock.release());
  }

  #tell(event: FetchEvent): void {
    for (const tell of this.#followers) tell(event);
  }
}
