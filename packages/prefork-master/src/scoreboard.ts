import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * What the processes of a master can tell one another without a message: a small file without a name, which all of
 * them have inherited. Apache's httpd calls its own the scoreboard. A read or a write is one system call of about a
 * microsecond, and it works while the event loop of the one it is about stands still.
 *
 *   0            one number of 32 bits a process: its open connections + 1, or 0 for none
 *   COUNTS_BYTES one text of TEXT_BYTES a process: its length in 16 bits, then what it has been busy with
 */

/** More processes than this run without a record: nobody waits for them, and nothing is known of what they do. */
export const RECORDS = 256;
const COUNT_BYTES = 4;
const COUNTS_BYTES = RECORDS * COUNT_BYTES;
const TEXT_BYTES = 1024;
const LENGTH_BYTES = 2;
/** The longest text of a record. */
export const MAX_TEXT_BYTES: number = TEXT_BYTES - LENGTH_BYTES;

/** The view of one who has the file open. */
export class Scoreboard {
  readonly fd: number;
  readonly #counts = new Int32Array(RECORDS);
  readonly #one = new Int32Array(1);

  constructor(fd: number) {
    this.fd = fd;
  }

  /** Open connections of each process that takes part; the array is the same one each time. */
  read(): Int32Array {
    readSync(this.fd, this.#counts, 0, COUNTS_BYTES, 0);
    return this.#counts;
  }

  /** Enters the connections of a process; undefined when it takes no part any more. */
  enter(record: number, connections: number | undefined): void {
    this.#one[0] = connections === undefined ? 0 : connections + 1;
    writeSync(this.fd, this.#one, 0, COUNT_BYTES, record * COUNT_BYTES);
  }

  /** Notes what a process is busy with; the text is cut to what there is room for. */
  note(record: number, text: string): void {
    const bytes = Buffer.from(text).subarray(0, MAX_TEXT_BYTES);
    const entry = Buffer.alloc(LENGTH_BYTES + bytes.length);
    entry.writeUInt16LE(bytes.length);
    entry.set(bytes, LENGTH_BYTES);
    writeSync(this.fd, entry, 0, entry.length, textPosition(record));
  }

  /** What a process has last noted; empty for nothing. */
  noted(record: number): string {
    const entry = Buffer.alloc(TEXT_BYTES);
    const read = readSync(this.fd, entry, 0, TEXT_BYTES, textPosition(record));
    if (read < LENGTH_BYTES) return '';
    const length = Math.min(entry.readUInt16LE(), read - LENGTH_BYTES);
    return entry.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + length);
  }
}

/** The master's side: it makes the file and gives out the records. */
export class ScoreboardFile extends Scoreboard {
  readonly #taken = new Set<number>();
  #closed = false;

  /** A record for a new process, or undefined when there are too many. */
  take(): number | undefined {
    for (let record = 0; record < RECORDS; record++) {
      if (this.#taken.has(record)) continue;
      this.#taken.add(record);
      return record;
    }
    return undefined;
  }

  /** The process of a record is gone, whatever it has left there. */
  release(record: number): void {
    this.#taken.delete(record);
    // By then the number of the descriptor may be that of something else.
    if (this.#closed) return;
    this.enter(record, undefined);
    this.note(record, '');
  }

  /** No record is given out or read after this; those that are given back are forgotten. */
  close(): void {
    this.#closed = true;
    closeSync(this.fd);
  }
}

/** Makes a scoreboard; undefined where no folder for it can be written to: the master does without. */
export function createScoreboard(folders: readonly string[] = FOLDERS): ScoreboardFile | undefined {
  for (const folder of folders) {
    try {
      const path = join(folder, `prefork-${process.pid}-${crypto.randomUUID()}`);
      const fd = openSync(path, 'wx+', 0o600);
      unlinkSync(path);
      const board = new ScoreboardFile(fd);
      writeSync(fd, new Uint8Array(COUNTS_BYTES), 0, COUNTS_BYTES, 0);
      return board;
    } catch {
      // The next folder, then.
    }
  }
  return undefined;
}

/** In memory first, see shm_overview(7): what is written there costs no disk. */
const FOLDERS = ['/dev/shm', tmpdir()];

function textPosition(record: number): number {
  return COUNTS_BYTES + record * TEXT_BYTES;
}
