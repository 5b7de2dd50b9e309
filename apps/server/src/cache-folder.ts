import { readdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { ALIVE, LivingFolder } from './living-folder.ts';
import type { Owner } from './remove-as.ts';

/** Where Linux has a file system in memory: shm_overview(7). */
const MEMORY = '/dev/shm';

const PREFIX = 'highball-cache-';

/** A folder for what the workers of one server cache together: in memory where there is room, else among the temporary files. */
export class CacheFolder {
  readonly #folder: LivingFolder;

  private constructor(folder: LivingFolder) {
    this.#folder = folder;
  }

  /**
   * @param bytes - how much it is going to hold.
   * @param owner - the user that the workers become.
   * @throws the error of the system.
   */
  static async make(bytes: number, owner: Owner = {}, memory: string = MEMORY): Promise<CacheFolder> {
    const temporary = tmpdir();
    const place = {
      bases: hasRoom(memory, bytes) ? ([memory, temporary] as const) : ([temporary] as const),
      prefix: PREFIX,
      swept: [memory, temporary],
    };
    return new CacheFolder(await LivingFolder.make(place, owner));
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Removes all parts of it but these. */
  keep(parts: ReadonlySet<string>): void {
    const names = readdirSync(this.path);
    this.#folder.removeParts(names.filter((name) => name !== ALIVE && !parts.has(name)));
  }

  remove(): void {
    this.#folder.remove();
  }
}

function hasRoom(folder: string, bytes: number): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= bytes;
  } catch {
    // There is no such file system.
    return false;
  }
}
