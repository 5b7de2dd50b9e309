import { Buffer } from 'node:buffer';
import {
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SharedFolderError } from './errors.ts';
import { FileLock } from './file-lock.ts';
import type { InvalidationRecord, Invalidations } from './invalidations.ts';

/** A journal larger than this is written anew with what still counts. */
const MAX_BYTES = 4_194_304;
/** A journal's first position: grows by more a millisecond than a journal is written, so it never goes back. */
const POSITIONS_A_MS = 1024;
/** Positions left free between a journal and the one that replaces it: more than is appended in that moment. */
const GAP = 16_777_216;

/** The first line. */
interface Header {
  readonly base: number;
  readonly floor: number;
}

interface Line extends InvalidationRecord {
  /** The position that it had in an earlier journal. */
  readonly at?: number;
}

/**
 * The invalidations of all workers that share a folder: a file to which each appends and which each reads on. A line
 * is appended with O_APPEND in one write, so lines do not mix; each begins with a line feed of its own, so that one
 * cut short by a crash spoils no other. Positions are offsets, plus those of the journals before.
 */
export class Journal {
  readonly #folder: string;
  readonly #path: string;
  readonly #invalidations: Invalidations;
  readonly #wallClock: () => number;
  readonly #maxBytes: number;
  #fd = -1;
  #base = 0;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #rest = '';

  /** @throws SharedFolderError when the folder cannot be used. */
  constructor(
    folder: string,
    invalidations: Invalidations,
    wallClock: () => number,
    maxBytes: number = MAX_BYTES,
  ) {
    this.#folder = folder;
    this.#path = join(folder, 'journal');
    this.#invalidations = invalidations;
    this.#wallClock = wallClock;
    this.#maxBytes = maxBytes;
    try {
      this.#open();
    } catch (cause) {
      throw new SharedFolderError(`the cache's folder ${folder} cannot be used`, { cause });
    }
  }

  /** Takes in what any worker has appended since: one fstat when there is nothing. */
  refresh(): void {
    // Closed: who still reads a body may come to its end.
    if (this.#fd === -1) return;
    const { size, nlink } = fstatSync(this.#fd);
    if (size > this.#offset) this.#readOn(size);
    if (nlink > 0) return;
    // Another worker has written it anew; what came into the old one is read by now.
    closeSync(this.#fd);
    this.#open();
  }

  /**
   * Appends, and takes in all up to there.
   * @throws SharedFolderError when it cannot be written.
   */
  append(record: InvalidationRecord): void {
    try {
      let replaced: boolean;
      do {
        writeSync(this.#fd, `\n${serialize(record)}\n`);
        // Then it may have come too late for the new file to have it; twice does no harm.
        replaced = fstatSync(this.#fd).nlink === 0;
        this.refresh();
      } while (replaced);
      if (this.#offset > this.#maxBytes) this.#compact();
    } catch (cause) {
      throw new SharedFolderError('an invalidation could not be passed on to the other workers', { cause });
    }
  }

  close(): void {
    // Twice, it would close what somebody else has opened.
    if (this.#fd === -1) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #open(): void {
    this.#create();
    this.#openFile();
    if (this.#base > 0) return;
    // It has no header: what it held is lost, as if there had been none.
    closeSync(this.#fd);
    unlinkSync(this.#path);
    this.#create();
    this.#openFile();
  }

  #openFile(): void {
    this.#fd = openSync(this.#path, 'a+', 0o600);
    this.#base = 0;
    this.#offset = 0;
    this.#rest = '';
    this.#readOn(fstatSync(this.#fd).size);
  }

  /** A folder without a journal may hold entries whose invalidations are lost: its floor is above them. */
  #create(): void {
    // Somebody may have removed all of it.
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const base = this.#wallClock() * POSITIONS_A_MS;
    const temporary = this.#writeTemporary({ base, floor: base }, '');
    try {
      // Fails when there is one, and never shows one half written.
      linkSync(temporary, this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(temporary);
    }
  }

  /** Replaces the file by one with what still counts; what others append meanwhile is carried over. */
  #compact(): void {
    const lock = FileLock.take(`${this.#path}.lock`, this.#wallClock);
    if (lock === undefined) return;
    try {
      this.refresh();
      this.#replace();
    } finally {
      lock.release();
    }
  }

  #replace(): void {
    let lines = '';
    for (const { record, position } of this.#invalidations.records()) {
      lines += `${serialize({ ...record, at: position } satisfies Line)}\n`;
    }
    const header = { base: this.#base + this.#offset + GAP, floor: this.#invalidations.floor };
    renameSync(this.#writeTemporary(header, lines), this.#path);
    const late = this.#textUpTo(fstatSync(this.#fd).size);
    this.refresh();
    if (late !== '') writeSync(this.#fd, `\n${late}\n`);
    this.refresh();
  }

  #writeTemporary(header: Header, lines: string): string {
    const temporary = join(this.#folder, `journal.${process.pid}.${Math.random().toString(36).slice(2)}`);
    writeFileSync(temporary, `${serialize(header)}\n${lines}`, { mode: 0o600, flag: 'wx' });
    return temporary;
  }

  #textUpTo(size: number): string {
    const buffer = Buffer.allocUnsafe(size - this.#offset);
    const length = readSync(this.#fd, buffer, 0, buffer.length, this.#offset);
    return buffer.toString('latin1', 0, length);
  }

  #readOn(size: number): void {
    const text = this.#textUpTo(size);
    let end = this.#offset - this.#rest.length;
    this.#offset += text.length;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) {
      end += line.length + 1;
      if (line !== '') this.#take(line, end);
    }
  }

  #take(line: string, end: number): void {
    let parsed: Line | Header;
    try {
      parsed = JSON.parse(line) as Line | Header;
    } catch {
      // Nobody knows what it invalidated.
      this.#invalidations.raiseFloor(this.#base + end);
      return;
    }
    if ('base' in parsed) {
      this.#base = parsed.base;
      this.#invalidations.raiseFloor(parsed.floor);
      this.#invalidations.advance(parsed.base);
    } else {
      this.#invalidations.apply(parsed, parsed.at ?? this.#base + end);
    }
  }
}

/** In ASCII only: then a character is a byte, wherever a read ends. */
function serialize(line: object): string {
  return JSON.stringify(line).replaceAll(
    /[\x7f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
