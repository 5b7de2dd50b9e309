import { type BigIntStats, constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';

/**
 * Tells one state of a file's content from any other, provided that it had {@link SETTLED_MS} to settle. Not the time
 * of change: a file that is replaced while it is sent has that changed too, and its content is whole.
 */
export function stateOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}-${ino}-${size}-${mtimeNs}`;
}

/** Tells also of a content that was written in the place of one of the same size, and then given the old time. */
export function changeOf(stats: BigIntStats): string {
  return `${stateOf(stats)}-${stats.ctimeNs}`;
}

/**
 * File systems tell time by a coarse clock (Linux: 4 ms, other systems up to 16): a file that was written this moment
 * may be written again without that being seen, so that a moment passes before its state is believed. As git does it
 * ("racy git").
 */
export const SETTLED_MS = 20;

/** How long to wait until the state of a file can be believed. A time in the future is another clock's. */
export function unsettledMs({ ctimeMs }: BigIntStats, now: number): number {
  const age = now - Number(ctimeMs);
  return age >= 0 && age < SETTLED_MS ? SETTLED_MS - age : 0;
}

/** Undefined when there is nothing, or nothing that we may see: the reason is not the client's. */
export async function statOf(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

/** Whether a path is inside of the root when all its symbolic links are followed. */
export async function isInside(root: string, path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep));
}

export async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
