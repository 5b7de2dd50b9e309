import fs from 'node:fs';
import type { Target, WriteCallback } from './target.ts';

const STDOUT = 1;
const PIPE_BUF = 4096;

/**
 * Standard output. A pipe or a terminal is opened once more, so that our writes do not block while those of others
 * to the same descriptor stay as they are. A file is written through the descriptor itself, which has the position;
 * where /proc is missing, so is all else.
 */
export class StdoutTarget implements Target {
  readonly atomicBytes: number;
  readonly #fd: number;

  constructor(fd: number = STDOUT) {
    const stat = fs.fstatSync(fd);
    this.#fd = stat.isFIFO() || stat.isCharacterDevice() ? openAgain(fd) : fd;
    this.atomicBytes = stat.isFIFO() ? PIPE_BUF : Number.POSITIVE_INFINITY;
  }

  write(bytes: Uint8Array, done: WriteCallback): void {
    fs.write(this.#fd, bytes, done);
  }

  writeSync(bytes: Uint8Array): number {
    return fs.writeSync(this.#fd, bytes);
  }

  /** Nothing to be opened anew. */
  reopen(done: (error: Error | null) => void): void {
    done(null);
  }

  close(): void {
    if (this.#fd > 2) fs.closeSync(this.#fd);
  }
}

function openAgain(fd: number): number {
  const { O_APPEND, O_NOCTTY, O_NONBLOCK, O_WRONLY } = fs.constants;
  try {
    return fs.openSync(`/proc/self/fd/${fd}`, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    return fd;
  }
}
