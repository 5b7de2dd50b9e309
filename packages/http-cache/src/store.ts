import { type FileHandle, open } from 'node:fs/promises';
import { readBody } from './disk-body.ts';
import { DiskStore } from './disk-store.ts';
import type { DiskWriter } from './disk-writer.ts';
import { type Entry, type StoredResponse, weightOf } from './entry.ts';
import { SharedFolderError } from './errors.ts';
import { currentAge } from './freshness.ts';
import { concerns, type Invalidatable, type InvalidationRecord, Invalidations } from './invalidations.ts';
import { Journal } from './journal.ts';
import type { ResolvedOptions } from './options.ts';
import { SegmentedLru } from './segmented-lru.ts';
import { Turns } from './turns.ts';

interface Slot {
  entry: Entry;
  /** Up to where invalidations have been looked at. */
  judgedAt: number;
}

/** The two tiers as one, and what was invalidated in them. */
export class Store {
  readonly #options: ResolvedOptions;
  readonly #memory: SegmentedLru<Slot>;
  readonly #disk: DiskStore | undefined;
  readonly #invalidations = new Invalidations();
  readonly #journal: Journal | undefined;
  /** Whose turn it is to fetch something, where several processes share what is fetched. */
  readonly turns: Turns | undefined;
  #refreshedMs = Number.NEGATIVE_INFINITY;

  /** @throws SharedFolderError when the folder cannot be used. */
  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#memory = new SegmentedLru(options);
    const { folder, maxDiskBytes: maxBytes, maxDiskEntries: maxEntries, processes, now } = options;
    if (folder === undefined) return;
    this.#journal = new Journal(folder, this.#invalidations, now);
    if (maxBytes === 0) return;
    this.#disk = new DiskStore(folder, { maxBytes, maxEntries, processes }, now);
    if (options.collapseTimeoutMs > 0) this.turns = new Turns(folder);
  }

  /** Up to where invalidations are known now; what is fetched from now on is not concerned by them. */
  get position(): number {
    this.#refresh();
    return this.#invalidations.position;
  }

  get bytes(): number {
    return this.#memory.bytes;
  }

  get size(): number {
    return this.#memory.size;
  }

  /** Whether {@link load} may find what {@link get} does not. */
  get hasDisk(): boolean {
    return this.#disk !== undefined;
  }

  /** An entry in memory that is not invalidated. */
  get(key: string): Entry | undefined {
    this.#refresh();
    const slot = this.#memory.get(key);
    if (slot === undefined) return undefined;
    if (slot.judgedAt === this.#invalidations.position) return slot.entry;
    const entry = this.#judged(slot.entry);
    if (entry === undefined) {
      this.#memory.delete(key);
      this.#disk?.delete(key);
      return undefined;
    }
    slot.entry = entry;
    slot.judgedAt = this.#invalidations.position;
    return entry;
  }

  /** An entry on disk that is not invalidated; a small one is in memory from now on. */
  async load(key: string): Promise<Entry | undefined> {
    const found = await this.#disk?.load(key);
    const entry = found && this.#judged(found);
    if (entry === undefined) {
      if (found !== undefined) this.#disk?.delete(key);
      return undefined;
    }
    const whole = await this.#withBody(entry);
    if (whole === undefined) this.#disk?.delete(key);
    else if (isYounger(whole, this.get(key))) this.#remember(whole);
    return whole;
  }

  /** The response on disk, its body in its file. */
  async onDisk(key: string): Promise<StoredResponse | undefined> {
    const entry = await this.#disk?.load(key);
    return entry?.kind === 'response' ? entry : undefined;
  }

  /** Whether nothing has invalidated what is not stored yet. */
  isValid(response: Invalidatable): boolean {
    this.#refresh();
    return this.#invalidations.judge(response) === 'valid';
  }

  /** Where the body of a response goes that is to be stored on disk. */
  writer(): DiskWriter | undefined {
    return this.#disk?.writer();
  }

  /** The file of a body that another process is writing; undefined when it has got its name meanwhile. */
  async openUnfinished(name: string): Promise<FileHandle | undefined> {
    if (this.#disk === undefined) return undefined;
    return await open(this.#disk.unfinishedPath(name), 'r').catch(() => undefined);
  }

  bodyPath(digest: string): string {
    return (this.#disk as DiskStore).bodyPath(digest);
  }

  /** Stores an entry in memory, unless it was invalidated while it was fetched. */
  remember(entry: Entry): void {
    this.#refresh();
    if (this.#judged(entry) !== undefined) this.#remember(entry);
  }

  /**
   * Stores an entry on disk, where there is one, unless it was invalidated meanwhile; its body lies in its file.
   * Resolves when others find it there, or it has failed.
   */
  async putOnDisk(entry: Entry): Promise<void> {
    this.#refresh();
    if (this.#judged(entry) !== undefined) await this.#disk?.put(entry);
  }

  /** Work that {@link settled} waits for. */
  track(work: Promise<void>): void {
    void this.#disk?.track(work);
  }

  delete(key: string): void {
    this.#memory.delete(key);
    this.#disk?.delete(key);
  }

  /**
   * Invalidates, here and in the other workers.
   * @throws SharedFolderError when the others could not be told; here it holds all the same.
   */
  invalidate(record: InvalidationRecord): void {
    if (this.#journal === undefined) {
      this.#invalidations.apply(record, this.#invalidations.position + 1);
      return;
    }
    try {
      this.#journal.append(record);
    } catch (error) {
      this.#invalidations.apply(record, this.#invalidations.position + 1);
      if (error instanceof SharedFolderError) throw error;
    }
  }

  /**
   * Invalidates, and finds out what in memory is concerned by it; what is not to be used any more goes at once.
   * @returns how many responses that were valid before, as far as is known: others may have been told the same a
   *   moment ago.
   * @throws SharedFolderError as `invalidate` does.
   */
  invalidateAndCount(record: InvalidationRecord): number {
    const concerned = [...this.#memory.entries()].filter(
      ([, { entry }]) =>
        entry.kind === 'response' && concerns(record, entry) && this.#invalidations.judge(entry) !== 'gone',
    );
    try {
      this.invalidate(record);
    } finally {
      if (record.softMs === undefined) for (const [key] of concerned) this.#memory.delete(key);
    }
    return concerned.length;
  }

  /** Looks on disk for what an invalidation before this concerns. @returns how many responses. */
  async countOnDisk(record: InvalidationRecord): Promise<number> {
    let count = 0;
    await this.#disk?.each((entry) => {
      if (entry.kind !== 'response' || !concerns(record, entry)) return 'keep';
      const verdict = this.#invalidations.judge(entry);
      if (verdict === 'valid') return 'keep';
      count++;
      return verdict === 'gone' ? 'remove' : 'keep';
    });
    return count;
  }

  /** When all that was begun on disk is done; then the folder is let go. */
  async close(): Promise<void> {
    await this.#disk?.settled();
    await this.turns?.close();
    this.#journal?.close();
  }

  async settled(): Promise<void> {
    await this.#disk?.settled();
  }

  #refresh(): void {
    if (this.#journal === undefined) return;
    const now = this.#options.now();
    const waited = now - this.#refreshedMs;
    if (waited >= 0 && waited < this.#options.invalidationDelayMs) return;
    this.#refreshedMs = now;
    this.#journal.refresh();
  }

  #judged(entry: Entry): Entry | undefined {
    if (entry.kind === 'vary') return entry;
    const verdict = this.#invalidations.judge(entry);
    if (verdict === 'gone') return undefined;
    return verdict === 'valid' ? entry : staleSince(entry, verdict.staleSinceMs);
  }

  async #withBody(entry: Entry): Promise<Entry | undefined> {
    if (entry.kind === 'vary' || entry.body.kind === 'memory') return entry;
    if (entry.size > this.#options.maxMemoryObjectBytes) return entry;
    const body = await readBody(entry.body.file);
    if (body === undefined) return undefined;
    return { ...entry, body: { kind: 'memory', chunks: body.length === 0 ? [] : [body] } };
  }

  #remember(entry: Entry): void {
    protect(entry);
    this.#memory.set(entry.key, { entry, judgedAt: this.#invalidations.position }, weightOf(entry));
  }
}

/** What is stored is handed out as it is: whoever would change it is told at once. */
function protect(entry: Entry): void {
  if (entry.kind === 'vary') return;
  for (const field of entry.fields) Object.freeze(field);
  if (entry.body.kind === 'memory') Object.freeze(entry.body.chunks);
}

function isYounger(entry: Entry, other: Entry | undefined): boolean {
  if (entry.kind !== 'response' || other?.kind !== 'response') return true;
  return entry.freshness.responseMs > other.freshness.responseMs;
}

/** A soft purge: its lifetime has ended when the purge was. */
function staleSince(entry: StoredResponse, staleSinceMs: number): StoredResponse {
  const { freshness } = entry;
  const lifetimeSeconds = Math.min(freshness.lifetimeSeconds, currentAge(freshness, staleSinceMs));
  return { ...entry, freshness: { ...freshness, lifetimeSeconds } };
}
