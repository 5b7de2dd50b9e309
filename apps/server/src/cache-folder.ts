import { once } from 'node:events';
import { chownSync, lstatSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom a folder belongs to. */
export interface Owner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Where Linux has a file system in memory: shm_overview(7). */
const MEMORY = '/dev/shm';

const PREFIX = 'highball-cache-';
/** The socket that answers as long as the server lives that the folder is for. */
const ALIVE = 'alive';
/** A folder without that socket is left alone so long: its server may be about to make it. */
const BEGINNING_MS = 60_000;

/**
 * A folder for what the workers of one server cache together: in memory where there is room, else among the temporary
 * files. Nobody else may enter it (mkdtemp(3): 0700), and it goes with its server. One that was killed leaves its
 * folder behind, which the next server removes.
 */
export class CacheFolder {
  readonly path: string;
  readonly #alive: net.Server;

  private constructor(path: string) {
    this.path = path;
    this.#alive = net.createServer((socket) => socket.destroy());
    this.#alive.unref();
  }

  /**
   * @param bytes - how much it is going to hold.
   * @param owner - the user that the workers become.
   * @throws the error of the system.
   */
  static async make(bytes: number, owner: Owner = {}, memory: string = MEMORY): Promise<CacheFolder> {
    for (const base of new Set([memory, tmpdir()])) await removeLeft(base, owner);
    const folder = new CacheFolder(makeFolder(hasRoom(memory, bytes) ? [memory, tmpdir()] : [tmpdir()]));
    try {
      folder.#alive.listen(join(folder.path, ALIVE));
      await once(folder.#alive, 'listening');
      const { uid, gid } = owner;
      // -1 leaves as it is: chown(2).
      if (uid !== undefined || gid !== undefined) chownSync(folder.path, uid ?? -1, gid ?? -1);
    } catch (error) {
      folder.remove();
      throw error;
    }
    return folder;
  }

  /** Removes all parts of it but these. */
  keep(parts: ReadonlySet<string>): void {
    for (const name of readdirSync(this.path)) {
      if (name !== ALIVE && !parts.has(name)) removeAll(join(this.path, name));
    }
  }

  remove(): void {
    this.#alive.close();
    removeAll(this.path);
  }
}

function makeFolder(bases: readonly string[]): string {
  const [base = tmpdir(), ...others] = bases;
  try {
    return mkdtempSync(join(base, PREFIX));
  } catch (error) {
    if (others.length === 0) throw error;
    return makeFolder(others);
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

/** Folders of servers that were killed. Those of other users are theirs to remove. */
async function removeLeft(base: string, { uid = process.getuid?.() }: Owner): Promise<void> {
  for (const name of namesIn(base)) {
    const path = join(base, name);
    const found = name.startsWith(PREFIX) ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
    if (!found?.isDirectory() || found.uid !== uid) continue;
    if (await isLeft(path, Date.now() - found.mtimeMs)) removeAll(path);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Only a refusal says for sure that nobody listens. */
async function isLeft(path: string, ageMs: number): Promise<boolean> {
  const socket = net.connect(join(path, ALIVE));
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED' || (code === 'ENOENT' && ageMs > BEGINNING_MS);
  } finally {
    socket.destroy();
  }
}

/** A worker that ends may be writing there still. */
function removeAll(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 10 });
}
