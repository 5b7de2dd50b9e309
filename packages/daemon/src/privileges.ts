import { ServiceError } from './errors.ts';

/** Whom a process becomes. */
export interface Identity {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** The user whose further groups (group(5)) the process gets; without it, it has none besides `gid`. */
  readonly name?: string | undefined;
}

/** What is needed of `process`. */
export interface PrivilegedProcess {
  getuid?(): number;
  getgid?(): number;
  initgroups?(user: string, group: number): void;
  setgroups?(groups: readonly number[]): void;
  setgid?(group: number): void;
  setuid?(user: number): void;
}

/**
 * Becomes another user and group for good: further groups first, then the group, then the user, since each step
 * needs the rights that the next one gives up. Nothing is done by one who is that user and group already.
 *
 * It ends with the proof: where root can be had back, it fails.
 * @throws {ServiceError} `privileges` when that is not allowed. The process must exit then: it may be half way.
 */
export function dropPrivileges(identity: Identity, target: PrivilegedProcess = process): void {
  const uid = identity.uid ?? target.getuid?.() ?? 0;
  const gid = identity.gid ?? target.getgid?.() ?? 0;
  if (target.getuid?.() === uid && target.getgid?.() === gid) return;
  try {
    if (identity.name === undefined) target.setgroups?.([gid]);
    else target.initgroups?.(identity.name, gid);
    target.setgid?.(gid);
    target.setuid?.(uid);
  } catch (cause) {
    const mend = 'start it as root, or leave out user and group';
    throw new ServiceError('privileges', `cannot become user ${uid} and group ${gid}; ${mend}`, { cause });
  }
  if (uid !== 0 && canBecomeRoot(target)) {
    throw new ServiceError('privileges', `root's rights could not be given up for user ${uid}`);
  }
}

function canBecomeRoot(target: PrivilegedProcess): boolean {
  try {
    target.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
