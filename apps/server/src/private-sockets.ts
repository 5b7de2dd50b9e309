import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom the sockets belong to. */
interface Owner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** sun_path of unix(7) has room for 107 bytes; the folder's name and the slash take some of them. */
const MAX_BASE_BYTES = 107 - '/highball-XXXXXX/'.length - 'limits.sock'.length;

/**
 * The Unix sockets on which the processes of one server hear each other, in a folder that nobody else may enter
 * (mkdtemp(3): 0700): what is behind the front believes whoever reaches it.
 */
export class PrivateSockets {
  readonly #owner: Owner;
  #folder: string | undefined;

  constructor(owner: Owner = {}) {
    this.#owner = owner;
  }

  /**
   * The path of a socket that is to be bound.
   * @param name - short, and of one kind of pool.
   * @throws the error of the system, when no folder can be made.
   */
  path(name: string): string {
    if (this.#folder === undefined) {
      const base = tmpdir();
      const fits = Buffer.byteLength(base) <= MAX_BASE_BYTES;
      this.#folder = mkdtempSync(join(fits ? base : '/tmp', 'highball-'));
    }
    return join(this.#folder, `${name}.sock`);
  }

  /** Gives a socket that is bound, and the folder, to the user that the workers become. */
  give(path: string): void {
    const { uid, gid } = this.#owner;
    if (this.#folder === undefined || (uid === undefined && gid === undefined)) return;
    // -1 leaves as it is: chown(2).
    for (const given of [this.#folder, path]) chownSync(given, uid ?? -1, gid ?? -1);
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}
