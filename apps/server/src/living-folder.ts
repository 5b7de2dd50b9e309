import { once } from 'node:events';
import { lchownSync, lstatSync, mkdtempSync, readdirSync, renameSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { type Owner, removeAs } from './remove-as.ts';

/** The socket that answers as long as the server lives that the folder is for. */
export const ALIVE = 'alive';
/** What it is called until it answers: a refusal under the other name always means that the server is gone. */
const BEGINNING = 'beginning';
/** A folder without that socket is left alone so long: its server may be about to make it. */
const BEGINNING_MS = 60_000;
const PRIVATE_MODE = 0o700;
const PERMISSIONS = 0o777;

/** Where a folder is wanted. */
export interface FolderPlace {
  /** Tried in this order. */
  readonly bases: readonly [string, ...string[]];
  /** What the names of folders of this kind begin with, and no others. */
  readonly prefix: string;
  /** Where servers that were killed may have left theirs. @default bases */
  readonly swept?: readonly string[];
}

/**
 * A folder that lives as long as its server. Nobody else may enter it (mkdtemp(3): 0700). A server that is killed leaves
 * its folder behind; the next one of the same user that makes such a folder finds that nobody answers there any more,
 * and removes it.
 */
export class LivingFolder {
  readonly path: string;
  readonly #owner: Owner;
  readonly #alive: net.Server;

  private constructor(path: string, owner: Owner) {
    this.path = path;
    this.#owner = owner;
    this.#alive = net.createServer((socket) => socket.destroy());
    this.#alive.unref();
  }

  /**
   * @param owner - the user that the workers become.
   * @throws the error of the system.
   */
  static async make({ bases, prefix, swept = bases }: FolderPlace, owner: Owner = {}): Promise<LivingFolder> {
    for (const base of new Set(swept)) await removeLeft(base, prefix, owner);
    const folder = new LivingFolder(makeFolder(bases, prefix), owner);
    try {
      folder.#alive.listen(join(folder.path, BEGINNING));
      await once(folder.#alive, 'listening');
      renameSync(join(folder.path, BEGINNING), join(folder.path, ALIVE));
      folder.#give(folder.path);
    } catch (error) {
      folder.remove();
      throw error;
    }
    return folder;
  }

  /** Gives something in it to the user that the workers become. */
  give(name: string): void {
    this.#give(join(this.path, name));
  }

  /** Removes some of what is in it. */
  removeParts(names: readonly string[]): void {
    removeAs(
      this.#owner,
      names.map((name) => join(this.path, name)),
    );
  }

  remove(): void {
    this.#alive.close();
    removeAs(this.#owner, [this.path]);
  }

  #give(path: string): void {
    const { uid, gid } = this.#owner;
    // -1 leaves as it is: chown(2). Not through a link, which those who own the folder could put there.
    if (uid !== undefined || gid !== undefined) lchownSync(path, uid ?? -1, gid ?? -1);
  }
}

function makeFolder([base, ...others]: FolderPlace['bases'], prefix: string): string {
  try {
    return mkdtempSync(join(base, prefix));
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined) throw error;
    return makeFolder([next, ...rest], prefix);
  }
}

/** Folders of servers that were killed. Those of other users are theirs to remove. */
async function removeLeft(base: string, prefix: string, owner: Owner): Promise<void> {
  const uid = owner.uid ?? process.getuid?.();
  for (const name of namesIn(base)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(base, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found?.isDirectory() || found.uid !== uid) continue;
    // What nobody else may enter, nobody else has prepared.
    if ((found.mode & PERMISSIONS) !== PRIVATE_MODE) continue;
    if (await isLeft(path, Date.now() - found.mtimeMs)) tryToRemove(owner, path);
  }
}

/** Another server may be about to do the same; and what stays is no reason not to start. */
function tryToRemove(owner: Owner, path: string): void {
  try {
    removeAs(owner, [path]);
  } catch {
    // The next server tries again.
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
