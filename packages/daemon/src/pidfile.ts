import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DaemonOptionError, ServiceError } from './errors.ts';
import { type ProcessTable, systemProcesses } from './process-table.ts';

/** A pidfile that this process holds. */
export interface Pidfile {
  /** Absolute: a later change of folder does not move it. */
  readonly path: string;
  /**
   * Puts it under another name, as an upgraded master does once the old one is gone.
   * @throws {ServiceError} `already-running` when a living process holds that name: this one keeps its own.
   */
  move(path: string): void;
  /** Removes the file, unless another process has put its own there; further calls do nothing. */
  release(): void;
}

/** Options of {@link createPidfile}. */
export interface PidfileOptions {
  /** @default this process's */
  readonly pid?: number;
  /** @default the machine's */
  readonly processes?: ProcessTable;
}

/** What may lie between a process's start and the moment that file systems and /proc put on things. */
const CLOCK_SLACK_MS = 2000;
/** How often a name that others are taking and giving up at the same moment is tried. */
const ATTEMPTS = 10;

/**
 * Writes a pidfile: first whole under another name, then linked to its own, which only one process can do.
 *
 * A file is stale, and replaced, when no process has its pid or when that process is younger than the file: the pid
 * has been given out anew since.
 * @throws {ServiceError} `already-running` with the pid, or `pidfile` when it cannot be written.
 */
export function createPidfile(path: string, options: PidfileOptions = {}): Pidfile {
  return new HeldPidfile(path, options);
}

/**
 * The pid in a file; undefined when there is no file, or it holds something else.
 * @throws {ServiceError} `pidfile` when the file cannot be read.
 */
export function readPidfile(path: string): number | undefined {
  let content: string;
  try {
    content = readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cannot('read', path, error);
  }
  const digits = /^\s*([1-9]\d{0,9})\s*$/.exec(content)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

class HeldPidfile implements Pidfile {
  readonly #pid: number;
  readonly #processes: ProcessTable;
  #path: string;
  #held = true;

  constructor(path: string, { pid = process.pid, processes = systemProcesses }: PidfileOptions) {
    this.#pid = pid;
    this.#processes = processes;
    this.#path = this.#take(path);
  }

  get path(): string {
    return this.#path;
  }

  move(path: string): void {
    const before = this.#path;
    this.#path = this.#take(path);
    if (before !== this.#path) this.#remove(before);
  }

  release(): void {
    if (this.#held) this.#remove(this.#path);
    this.#held = false;
  }

  #take(name: string): string {
    if (name === '' || name.includes('\0'))
      throw new DaemonOptionError('invalid-path', 'a pidfile needs a name');
    const path = resolve(name);
    const draft = `${path}.${this.#pid}.new`;
    try {
      // `wx`: never through a link that somebody has put there.
      removeOptional(draft);
      writeFileSync(draft, `${this.#pid}\n`, { mode: 0o644, flag: 'wx' });
      this.#link(draft, path);
    } catch (error) {
      throw error instanceof ServiceError ? error : cannot('write', path, error);
    } finally {
      removeOptional(draft);
    }
    return path;
  }

  /** A link, unlike a rename, fails where there is a file: of two that start together one wins. */
  #link(draft: string, path: string): void {
    for (let attempt = 1; ; attempt++) {
      try {
        linkSync(draft, path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === ATTEMPTS) throw error;
        this.#clear(path);
      }
    }
  }

  /** Takes a stale file away. Who moves it looks at what he has moved: another may have been faster. */
  #clear(path: string): void {
    this.#refuseHeld(path);
    const moved = `${path}.${this.#pid}.stale`;
    try {
      renameSync(path, moved);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    try {
      this.#refuseHeld(moved, path);
    } catch (error) {
      linkSync(moved, path);
      throw error;
    } finally {
      removeOptional(moved);
    }
  }

  #refuseHeld(path: string, name = path): void {
    const holder = readPidfile(path);
    if (holder === undefined || holder === this.#pid || !this.#processes.isAlive(holder)) return;
    if (isYounger(this.#processes.startedAt(holder), path)) return;
    throw new ServiceError(
      'already-running',
      `${name} belongs to the running process ${holder}; stop that, or name another pidfile`,
    );
  }

  #remove(path: string): void {
    try {
      if (readPidfile(path) === this.#pid) removeOptional(path);
    } catch {
      // What cannot even be read is not ours to remove.
    }
  }
}

function isYounger(startedAt: number | undefined, path: string): boolean {
  const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return startedAt !== undefined && writtenAt !== undefined && startedAt > writtenAt + CLOCK_SLACK_MS;
}

function removeOptional(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or in a folder that is: there is nothing left to do.
  }
}

function cannot(action: string, path: string, cause: unknown): ServiceError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ServiceError('pidfile', `cannot ${action} the pidfile ${path}: ${code ?? message}`, { cause });
}
