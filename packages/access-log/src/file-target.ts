import fs from 'node:fs';
import { AccessLogError } from './errors.ts';
import type { Target, WriteCallback } from './target.ts';

const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_WRONLY } = fs.constants;
/**
 * Appending: each write goes to the end of the file in one step, whoever else writes there (POSIX, write()).
 * Without blocking: a pipe that nobody reads refuses at once, instead of holding one of libuv's four threads.
 */
const FLAGS = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;
/** Not one thread for as long as a hung file system takes: POSIX promises whole lines up to here, in a pipe. */
const PIPE_BUF = 4096;

/** A file, a named pipe or a device, by its path. */
export class FileTarget implements Target {
  readonly #path: string;
  readonly #mode: number;
  #fd: number | undefined;
  #isPipe = false;

  /** @throws AccessLogError `CANNOT_OPEN`: a path that is wrong is told at the start. */
  constructor(path: string, mode: number) {
    this.#path = path;
    this.#mode = mode;
    try {
      this.#take(fs.openSync(path, FLAGS, mode));
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      // A named pipe that is not read yet: later.
      if (code !== 'ENXIO') {
        throw new AccessLogError('CANNOT_OPEN', `the access log ${path} cannot be opened: ${message}`, {
          cause,
        });
      }
    }
  }

  get atomicBytes(): number {
    return this.#isPipe ? PIPE_BUF : Number.POSITIVE_INFINITY;
  }

  write(bytes: Uint8Array, done: WriteCallback): void {
    if (this.#fd !== undefined) {
      fs.write(this.#fd, bytes, done);
      return;
    }
    this.reopen((error) => {
      if (error) done(error, 0);
      else fs.write(this.#fd as number, bytes, done);
    });
  }

  writeSync(bytes: Uint8Array): number {
    return this.#fd === undefined ? 0 : fs.writeSync(this.#fd, bytes);
  }

  reopen(done: (error: Error | null) => void): void {
    fs.open(this.#path, FLAGS, this.#mode, (error, fd) => {
      if (error) {
        done(error);
        return;
      }
      this.close();
      this.#take(fd);
      done(null);
    });
  }

  close(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd);
    this.#fd = undefined;
  }

  #take(fd: number): void {
    this.#fd = fd;
    this.#isPipe = fs.fstatSync(fd).isFIFO();
  }
}
