import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';

/** Whom something belongs to. */
export interface Owner {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** A worker that ends may be writing there still. */
const RETRIES = 3;
const RETRY_MS = 10;

/**
 * Removes files and folders with the rights of whom they belong to: where root removes what another user may change
 * meanwhile, a link in the place of a folder would lead it elsewhere.
 * @throws the error of the system.
 */
export function removeAs(owner: Owner, paths: readonly string[]): void {
  if (paths.length === 0) return;
  if (owner.uid === undefined || owner.uid === process.getuid?.()) {
    for (const path of paths)
      rmSync(path, { recursive: true, force: true, maxRetries: RETRIES, retryDelay: RETRY_MS });
  } else removeByProcess({ ...owner, uid: owner.uid }, paths, RETRIES);
}

function removeByProcess(owner: Owner & { uid: number }, paths: readonly string[], retries: number): void {
  const { uid, gid } = owner;
  try {
    execFileSync('rm', ['-rf', '--', ...paths], {
      uid,
      ...(gid !== undefined && { gid }),
      // The folder of this process may be closed to them.
      cwd: '/',
      stdio: 'ignore',
    });
  } catch (error) {
    if (retries === 0) throw error;
    removeByProcess(owner, paths, retries - 1);
  }
}
