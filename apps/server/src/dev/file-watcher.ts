import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from './clock.ts';

/** The file system, as far as a watcher needs it. */
export interface WatchedFiles {
  /** What changes whenever the file does; undefined when there is none. */
  mark(path: string): string | undefined;
  /** Calls whenever something in a folder may have changed; undefined where that cannot be had. */
  watchFolder(path: string, onHint: () => void): { close(): void } | undefined;
}

/** A save is several events (truncate, write, rename): so long it must have been quiet. */
const QUIET_MS = 30;
/** A change is reported after so long even if more follow: a checkout of another branch goes on and on. */
const MAX_WAIT_MS = 500;
/**
 * So often all files are looked at, for what gives no events: network and container mounts, folders that are
 * replaced, links that are turned. Looking at a file takes some microseconds.
 */
const SWEEP_MS = 1000;
/** Further folders have the sweep alone. The kernel's own limit is per user: inotify(7), max_user_watches. */
const MAX_FOLDERS = 512;

/**
 * Reports changed files. Events of the file system only say when to look; whether a file has changed, its inode,
 * size and times say. So a rename over a file, a deletion and a link that is turned are changes like any other.
 */
export class FileWatcher {
  readonly #onChange: (paths: string[]) => void;
  readonly #clock: Clock;
  readonly #files: WatchedFiles;
  readonly #marks = new Map<string, string | undefined>();
  readonly #folders = new Map<string, { close(): void } | undefined>();
  readonly #stopSweep: () => void;
  #hintedSince: number | undefined;
  #cancelLook: (() => void) | undefined;

  /** @param onChange - called with the files that have changed since they were added, or reported. */
  constructor(onChange: (paths: string[]) => void, clock: Clock, files: WatchedFiles = systemFiles) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.#files = files;
    this.#stopSweep = clock.every(SWEEP_MS, () => {
      if (this.#changed().length > 0) this.#hint();
    });
  }

  get size(): number {
    return this.#marks.size;
  }

  /** Watches a file, which need not be there yet. Should be called before the file is read. */
  add(path: string): void {
    if (this.#marks.has(path)) return;
    this.#marks.set(path, this.#files.mark(path));
    this.#addFolder(dirname(path));
  }

  /** Forgets all files but these. */
  retain(paths: ReadonlySet<string>): void {
    for (const path of this.#marks.keys()) if (!paths.has(path)) this.#marks.delete(path);
    const folders = new Set([...this.#marks.keys()].map((path) => dirname(path)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher?.close();
      this.#folders.delete(folder);
    }
  }

  close(): void {
    this.#stopSweep();
    this.#cancelLook?.();
    for (const watcher of this.#folders.values()) watcher?.close();
    this.#folders.clear();
  }

  #addFolder(folder: string): void {
    if (this.#folders.has(folder) || this.#folders.size >= MAX_FOLDERS) return;
    this.#folders.set(
      folder,
      this.#files.watchFolder(folder, () => this.#hint()),
    );
  }

  /** Looks as soon as it is quiet. */
  #hint(): void {
    const now = this.#clock.now();
    this.#hintedSince ??= now;
    this.#cancelLook?.();
    const left = this.#hintedSince + MAX_WAIT_MS - now;
    this.#cancelLook = this.#clock.after(Math.max(0, Math.min(QUIET_MS, left)), () => this.#look());
  }

  #look(): void {
    this.#hintedSince = undefined;
    this.#cancelLook = undefined;
    const changed = this.#changed();
    if (changed.length === 0) return;
    for (const path of changed) {
      this.#marks.set(path, this.#files.mark(path));
      this.#renewFolder(dirname(path));
    }
    this.#onChange(changed);
  }

  #changed(): string[] {
    return [...this.#marks].filter(([path, mark]) => this.#files.mark(path) !== mark).map(([path]) => path);
  }

  /** The folder may be another one than before, under the same name. */
  #renewFolder(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
    this.#addFolder(folder);
  }
}

const systemFiles: WatchedFiles = {
  mark(path) {
    try {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stats && `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}`;
    } catch {
      // A folder on the way that is a file now, or must not be entered: not there, for whoever imports it.
      return undefined;
    }
  },
  watchFolder(path, onHint) {
    let watcher: FSWatcher;
    try {
      watcher = watch(path, { persistent: false }, onHint);
    } catch {
      return undefined;
    }
    watcher.on('error', () => watcher.close());
    return watcher;
  },
};
