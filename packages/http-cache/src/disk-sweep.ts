import { lstat, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHead } from './disk-head.ts';

/** How much the folder may hold. */
export interface DiskLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  /** Processes that write. */
  readonly processes: number;
}

/** A sweep leaves this part, so that it is not the last for long. */
const LEAVE = 3 / 4;
/** After a process has written this part of the caps, it looks at how much there is: all together what is free then. */
export function sweepEvery({ processes }: DiskLimits): number {
  return (1 - LEAVE) / Math.max(1, processes);
}

/** File systems give room in pages of this size; what is smaller takes one as well. */
const PAGE_BYTES = 4096;

/** What a file of this size takes up. */
export function roomOf(size: number): number {
  return Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
}
/** A body without a head is left alone so long: its head may be on its way. */
const ORPHAN_MS = 5000;
/** A file that is being written is left alone so long. */
const UNFINISHED_MS = 3_600_000;

interface Head {
  readonly path: string;
  readonly usedMs: number;
  readonly bytes: number;
  readonly digest: string | undefined;
}

/**
 * Brings a cache's folder under its caps: heads that nobody has used for the longest time leave, bodies without a
 * head, and what was left behind half written. A worker that meets a head whose body has just left has a miss.
 */
export async function sweep(folder: string, limits: DiskLimits): Promise<void> {
  const bodies = new Map<string, { path: string; bytes: number; changedMs: number }>();
  for await (const file of filesIn(join(folder, 'bodies'))) bodies.set(file.name, file);
  const heads: Head[] = [];
  for await (const file of filesIn(join(folder, 'heads'))) heads.push(await readHead(file));
  heads.sort((a, b) => a.usedMs - b.usedMs);
  const users = new Map<string, number>();
  for (const { digest } of heads) if (digest !== undefined) users.set(digest, (users.get(digest) ?? 0) + 1);

  let bytes = heads.reduce((sum, head) => sum + head.bytes, 0);
  for (const body of bodies.values()) bytes += body.bytes;
  for (const [digest, body] of bodies) {
    if (users.has(digest) || Date.now() - body.changedMs < ORPHAN_MS) continue;
    await remove(body.path);
    bytes -= body.bytes;
  }
  let left = heads.length;
  for (const head of heads) {
    if (bytes <= limits.maxBytes * LEAVE && left <= limits.maxEntries * LEAVE) break;
    await remove(head.path);
    left--;
    bytes -= head.bytes;
    if (head.digest === undefined) continue;
    const others = (users.get(head.digest) ?? 1) - 1;
    users.set(head.digest, others);
    const body = bodies.get(head.digest);
    if (others > 0 || body === undefined) continue;
    await remove(body.path);
    bytes -= body.bytes;
  }
  await removeUnfinished(join(folder, 'tmp'));
  await removeUnfinished(join(folder, 'fetches'));
}

/** By the clock of the file system, which no test sets. */
async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    // A lock is a link to nothing.
    const found = await lstat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > UNFINISHED_MS) await remove(path);
  }
}

/** The files of a folder of the cache, which has a level of folders below it. */
export async function* filesIn(
  folder: string,
): AsyncGenerator<{ name: string; path: string; bytes: number; changedMs: number; usedMs: number }> {
  for (const part of await readdir(folder).catch(() => [])) {
    for (const name of await readdir(join(folder, part)).catch(() => [])) {
      const path = join(folder, part, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) continue;
      yield { name, path, bytes: roomOf(found.size), changedMs: found.ctimeMs, usedMs: found.mtimeMs };
    }
  }
}

async function readHead(file: { path: string; bytes: number; usedMs: number }): Promise<Head> {
  const entry = parseHead(await readFile(file.path, 'utf8').catch(() => ''), (digest) => digest);
  const digest = entry?.kind === 'response' && entry.body.kind === 'file' ? entry.body.file.path : undefined;
  return { path: file.path, usedMs: file.usedMs, bytes: file.bytes, digest };
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}
