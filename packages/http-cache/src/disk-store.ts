import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHead, serializeHead } from './disk-head.ts';
import { type DiskLimits, filesIn, roomOf, sweep, sweepEvery } from './disk-sweep.ts';
import { DiskWriter } from './disk-writer.ts';
import type { Entry } from './entry.ts';
import { FileLock } from './file-lock.ts';
import { withFolder } from './with-folder.ts';

/**
 * The second tier: a folder that all workers share and that survives them. The file system is its index: a head has
 * the digest of its key for a name, a body that of its content, so the same body is there once. Both come into being
 * under another name and get theirs when they are whole; both are checked when they are read. So a crash at any
 * moment leaves an old entry, a new one, or none, and there is nothing to be repaired.
 */
export class DiskStore {
  readonly #folder: string;
  readonly #limits: DiskLimits;
  readonly #now: () => number;
  readonly #pending = new Set<Promise<void>>();
  #written = 0;
  #heads = 0;
  #sweeping = false;

  constructor(folder: string, limits: DiskLimits, now: () => number) {
    this.#folder = folder;
    this.#limits = limits;
    this.#now = now;
    // What earlier workers have left is counted with the first entry.
    this.#written = limits.maxBytes;
  }

  /** Begins a body. */
  writer(): DiskWriter {
    return new DiskWriter(this.unfinishedPath(randomUUID()));
  }

  /** Where a body with this name is until it is whole. */
  unfinishedPath(name: string): string {
    return join(this.#folder, 'tmp', name);
  }

  /** Where a body with this digest lies. */
  bodyPath(digest: string): string {
    return join(this.#folder, 'bodies', digest.slice(0, 2), digest);
  }

  /** @returns undefined when there is none, or none that is whole. */
  async load(key: string): Promise<Entry | undefined> {
    const path = this.#headPath(key);
    const entry = parseHead(await readFile(path, 'utf8').catch(() => ''), (digest) => this.bodyPath(digest));
    if (entry === undefined || entry.key !== key) return undefined;
    const now = new Date(this.#now());
    // The time of the last use, for the sweep.
    void this.track(utimes(path, now, now));
    return entry;
  }

  /** Stores an entry whose body, if it has one, lies in its file. Resolves when others find it, or it has failed. */
  put(entry: Entry): Promise<void> {
    return this.track(this.#put(entry));
  }

  delete(key: string): void {
    void this.track(unlink(this.#headPath(key)));
  }

  /** Shows all entries that are whole, one after the other, and removes what is to be removed. */
  async each(visit: (entry: Entry) => 'keep' | 'remove'): Promise<void> {
    for await (const { path } of filesIn(join(this.#folder, 'heads'))) {
      const text = await readFile(path, 'utf8').catch(() => '');
      const entry = parseHead(text, (digest) => this.bodyPath(digest));
      if (entry !== undefined && visit(entry) === 'remove') await unlink(path).catch(() => undefined);
    }
  }

  /** When all that was begun is done. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #put(entry: Entry): Promise<void> {
    const text = serializeHead(entry);
    const path = this.#headPath(entry.key);
    const temporary = this.unfinishedPath(randomUUID());
    await withFolder(temporary, () => writeFile(temporary, text, { mode: 0o600 }));
    const now = new Date(this.#now());
    await utimes(temporary, now, now);
    await withFolder(path, () => rename(temporary, path));
    this.#written += roomOf(text.length) + (entry.kind === 'response' ? roomOf(entry.size) : 0);
    this.#heads++;
    void this.track(this.#sweepSometimes());
  }

  async #sweepSometimes(): Promise<void> {
    const { maxBytes, maxEntries } = this.#limits;
    if (this.#sweeping) return;
    const part = sweepEvery(this.#limits);
    if (this.#written < maxBytes * part && this.#heads < maxEntries * part) return;
    const lock = FileLock.take(join(this.#folder, 'sweep.lock'), this.#now);
    // Another worker is at it.
    if (lock === undefined) return;
    this.#sweeping = true;
    this.#written = 0;
    this.#heads = 0;
    try {
      await sweep(this.#folder, this.#limits);
    } finally {
      this.#sweeping = false;
      lock.release();
    }
  }

  #headPath(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.#folder, 'heads', name.slice(0, 2), name);
  }

  /** A cache may fail to store; only {@link settled} waits for it. */
  track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch(() => undefined)
      .finally(() => {
        this.#pending.delete(tracked);
      });
    this.#pending.add(tracked);
    return tracked;
  }
}
