import { closeSync, constants, fchownSync, fstatSync, openSync, writeSync } from 'node:fs';
import { CommandError, messageOf } from './errors.ts';
import type { LogTarget } from './log-lines.ts';

/** A log file that can be opened anew, as logrotate(8) asks for after it has moved the file away. */
export interface LogFile extends LogTarget {
  /** Opens the name again. @throws CommandError: the file that was open stays so. */
  reopen(): void;
  /** The descriptor of this moment. */
  readonly fd: number;
}

/** To whom a log file belongs, so that workers of that user may open it anew. */
export interface LogOwner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** The owner writes, the group reads: a log may tell more than everybody should know. */
const MODE = 0o640;

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = constants;
/** A pipe that nobody reads, or that is full, must not hold up the service: then lines are lost (open(2)). */
const FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;

/**
 * Opens a log file for appending; several processes may have it open, each line is written at once (O_APPEND).
 * @throws CommandError when it cannot be opened.
 */
export function openLogFile(path: string, owner: LogOwner = {}): LogFile {
  return new AppendedFile(path, owner);
}

/**
 * Makes a log file for processes of this owner to write to. A named pipe that nobody reads yet is as it should be.
 * @throws CommandError when it cannot be opened.
 */
export function prepareLogFile(path: string, owner: LogOwner = {}): void {
  try {
    closeSync(openLogFile(path, owner).fd);
  } catch (error) {
    if (!isUnreadPipe(error)) throw error;
  }
}

function isUnreadPipe(error: unknown): boolean {
  return error instanceof CommandError && (error.cause as NodeJS.ErrnoException).code === 'ENXIO';
}

class AppendedFile implements LogFile {
  readonly #path: string;
  readonly #owner: LogOwner;
  #fd: number;

  constructor(path: string, owner: LogOwner) {
    this.#path = path;
    this.#owner = owner;
    this.#fd = this.#open();
  }

  get fd(): number {
    return this.#fd;
  }

  writeSome(bytes: Uint8Array): number {
    return writeSync(this.#fd, bytes);
  }

  reopen(): void {
    const fd = this.#open();
    closeSync(this.#fd);
    this.#fd = fd;
  }

  #open(): number {
    try {
      const fd = openSync(this.#path, FLAGS, MODE);
      const { uid, gid } = this.#owner;
      // -1 leaves as it is: chown(2).
      if (uid !== undefined || gid !== undefined) fchownSync(fd, uid ?? -1, gid ?? -1);
      return fd;
    } catch (error) {
      throw new CommandError(`cannot write the log ${this.#path}: ${messageOf(error)}`, { cause: error });
    }
  }
}

const STDERR = 2;

/**
 * Standard error, where it is written without waiting. A pipe or a terminal is opened once more for that: what others
 * write to the same descriptor stays as it is. A socket (systemd's) cannot be; Node itself has it not wait once it has
 * opened it as a stream.
 */
export function standardError(): LogTarget {
  const stats = fstatSync(STDERR);
  const again = stats.isFIFO() || stats.isCharacterDevice();
  const fd = again ? openStandardError() : STDERR;
  if (stats.isSocket()) void process.stderr;
  return { writeSome: (bytes) => writeSync(fd, bytes) };
}

/** Where there is no /proc, or another user's terminal, what there is must do. */
function openStandardError(): number {
  try {
    return openSync(`/proc/self/fd/${STDERR}`, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    return STDERR;
  }
}
