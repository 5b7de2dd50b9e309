import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom a socket belongs to. */
interface Owner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** The socket of the process that keeps the counts, in a folder that nobody else may enter (mkdtemp(3): 0700). */
export class KeeperSocket {
  readonly path: string;
  readonly #folder: string;
  readonly #owner: Owner;

  constructor(owner: Owner = {}) {
    this.#owner = owner;
    this.#folder = mkdtempSync(join(tmpdir(), 'highball-limits-'));
    this.path = join(this.#folder, 'socket');
  }

  /** Gives it to the user that the workers become; to be called once it is bound. */
  give(): void {
    const { uid, gid } = this.#owner;
    if (uid === undefined && gid === undefined) return;
    // -1 leaves as it is: chown(2).
    for (const path of [this.#folder, this.path]) chownSync(path, uid ?? -1, gid ?? -1);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
