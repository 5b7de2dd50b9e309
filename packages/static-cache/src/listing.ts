import { type Dirent, type Stats } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResolvedOptions } from './options.ts';
import { isInside } from './state.ts';

/** What a listing says of a file or a folder. */
export interface Row {
  readonly name: string;
  readonly type: 'directory' | 'file';
  readonly modifiedMs: number;
  /** Bytes of a file; undefined for a folder. */
  readonly size: number | undefined;
}

export interface Listing {
  readonly rows: readonly Row[];
  /** Whether there are more than were read. */
  readonly more: boolean;
}

/** So many files are looked at side by side: enough for the threads of libuv. */
const SIDE_BY_SIDE = 16;

/**
 * Reads what a folder shows: files and folders, not what begins with a dot, leads out of the root, or is neither.
 * @throws Error when the folder cannot be read.
 */
export async function readListing(root: string, name: string, options: ResolvedOptions): Promise<Listing> {
  const folder = join(root, name);
  const rows: Row[] = [];
  let batch: Promise<Row | undefined>[] = [];
  const settle = async (): Promise<void> => {
    for (const row of await Promise.all(batch)) if (row !== undefined) rows.push(row);
    batch = [];
  };
  // Leaving the loop closes the directory.
  for await (const item of await opendir(folder, { bufferSize: 256 })) {
    if (rows.length + batch.length >= options.maxListed) {
      await settle();
      if (rows.length >= options.maxListed) return { rows, more: true };
    }
    if (options.dotfiles === 'refuse' && item.name.startsWith('.')) continue;
    batch.push(readRow(root, folder, item, options));
    if (batch.length === SIDE_BY_SIDE) await settle();
  }
  await settle();
  return { rows, more: false };
}

async function readRow(
  root: string,
  folder: string,
  item: Dirent,
  options: ResolvedOptions,
): Promise<Row | undefined> {
  const path = join(folder, item.name);
  if (item.isSymbolicLink() && !options.followSymlinks && !(await isInside(root, path))) return undefined;
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? undefined : rowOf(item.name, stats);
}

function rowOf(name: string, stats: Stats): Row | undefined {
  const modifiedMs = stats.mtimeMs;
  if (stats.isDirectory()) return { name, type: 'directory', modifiedMs, size: undefined };
  return stats.isFile() ? { name, type: 'file', modifiedMs, size: stats.size } : undefined;
}
