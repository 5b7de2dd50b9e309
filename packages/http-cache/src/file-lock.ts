import { closeSync, openSync, statSync, unlinkSync } from 'node:fs';

/** A lock older than this was left behind by a process that is gone. */
const ABANDONED_MS = 60_000;

/** A lock between processes: a file that only one of them can create. Nobody waits for it. */
export class FileLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @returns undefined when another process holds it. */
  static take(path: string, wallClock: () => number): FileLock | undefined {
    for (const attempt of [1, 2]) {
      try {
        closeSync(openSync(path, 'wx', 0o600));
        return new FileLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if (attempt === 2 || !isAbandoned(path, wallClock())) return undefined;
        removeQuietly(path);
      }
    }
    return undefined;
  }

  release(): void {
    removeQuietly(this.#path);
  }
}

function isAbandoned(path: string, now: number): boolean {
  try {
    return now - statSync(path).mtimeMs > ABANDONED_MS;
  } catch {
    return true;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}
