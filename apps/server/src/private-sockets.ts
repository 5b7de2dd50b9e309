import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { LivingFolder } from './living-folder.ts';
import type { Owner } from './remove-as.ts';

/** Of no other folder, such as that of the control sockets, which has the user's number in its name. */
const PREFIX = 'highball-peers-';

/** sun_path of unix(7) has room for 107 bytes; the folder's name and the slashes take some of them. */
const MAX_BASE_BYTES = 107 - `/${PREFIX}XXXXXX/`.length - 'pool-100-100.sock'.length;

/**
 * The Unix sockets on which the processes of one server hear each other, in a folder that nobody else may enter: what is
 * behind the front believes whoever reaches it.
 */
export class PrivateSockets {
  readonly #owner: Owner;
  #folder: Promise<LivingFolder> | undefined;

  /** @param owner - the user that the workers become. */
  constructor(owner: Owner = {}) {
    this.#owner = owner;
  }

  /**
   * The path of a socket that is to be bound.
   * @param name - short, and of one kind of pool.
   * @throws the error of the system, when no folder can be made.
   */
  async path(name: string): Promise<string> {
    this.#folder ??= this.#make();
    const { path } = await this.#folder;
    return join(path, `${name}.sock`);
  }

  /** Gives a socket that is bound to the user that the workers become. */
  async give(path: string): Promise<void> {
    const folder = await this.#folder;
    folder?.give(basename(path));
  }

  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    this.#folder = undefined;
    folder?.remove();
  }

  #make(): Promise<LivingFolder> {
    const base = tmpdir();
    const fits = Buffer.byteLength(base) <= MAX_BASE_BYTES;
    return LivingFolder.make({ bases: [fits ? base : '/tmp'], prefix: PREFIX }, this.#owner);
  }
}
