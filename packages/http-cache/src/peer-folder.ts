import { Buffer } from 'node:buffer';
import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

/** sun_path of unix(7) has 108 bytes with its closing zero, that of the BSDs 104. */
const MAX_PATH_BYTES = 103;

/** Ends the name of a socket that does not answer yet. */
const UNREADY = '+';

/** The folder with the sockets of the processes that share a cache; the name of each tells whose it is. */
export class PeerFolder {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
    this.make();
  }

  make(): void {
    this.close();
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
  }

  socketOf(peer: string): string {
    const path = join(this.#path, peer);
    if (Buffer.byteLength(path) < MAX_PATH_BYTES) return path;
    // A way into the folder that is short, where the system has one (proc(5)).
    this.#fd ??= openSync(this.#path, 'r');
    return join('/proc/self/fd', String(this.#fd), peer);
  }

  /** Where a socket is until it answers: who finds one that does not takes its process for dead. */
  unreadyOf(peer: string): string {
    return this.socketOf(peer) + UNREADY;
  }

  peers(): string[] {
    return readdirSync(this.#path).filter((name) => !name.endsWith(UNREADY));
  }

  /** Removes what a process has left behind. */
  remove(peer: string): void {
    try {
      unlinkSync(join(this.#path, peer));
    } catch {
      // Gone already.
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
