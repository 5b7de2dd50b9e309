import type { HeaderField } from '@highball/gateway-protocol';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { cacheControl } from './cache-control.ts';
import type { Validators } from './conditional.ts';
import { CODINGS } from './encoding.ts';
import { contentType } from './media-type.ts';
import type { ResolvedOptions } from './options.ts';

/** A file in one coding, as it was at one moment. */
export interface Representation extends Validators {
  readonly path: string;
  readonly size: number;
  /** Tells this state of the file from any other: inode, size, time of change. */
  readonly state: string;
  readonly coding: string;
  readonly lastModified: string;
  /** The whole content, where it is small enough. */
  readonly content: Uint8Array | undefined;
  /** What every answer with or about this representation says. The pairs are shared, the list is not. */
  readonly fields: readonly HeaderField[];
}

/** What is under a name. */
export type Entry =
  | { readonly kind: 'missing' | 'folder' }
  | { readonly kind: 'file'; readonly identity: Representation; readonly coded: readonly Representation[] };

const MISSING: Entry = { kind: 'missing' };
const FOLDER: Entry = { kind: 'folder' };

/** Reads what is under a name below the root. Whatever cannot be read is missing: the reason is not the client's. */
export async function readEntry(root: string, name: string, options: ResolvedOptions): Promise<Entry> {
  const path = join(root, name);
  const stats = await statOf(path);
  if (stats === undefined || !(await isInside(root, path, options.followSymlinks))) return MISSING;
  if (stats.isDirectory()) return FOLDER;
  if (!stats.isFile()) return MISSING;
  const siblings = await Promise.all(
    options.precompressed.map(async (ending) => {
      const sibling = `${path}.${ending}`;
      const found =
        (await statOf(sibling))?.isFile() && (await isInside(root, sibling, options.followSymlinks));
      return found ? readRepresentation(sibling, name, CODINGS[ending], true, options) : undefined;
    }),
  );
  const coded = siblings.filter((sibling) => sibling !== undefined);
  const identity = await readRepresentation(path, name, 'identity', coded.length > 0, options);
  return identity === undefined ? MISSING : { kind: 'file', identity, coded };
}

/** Whether a file is still what it was. */
export async function isUnchanged(representation: Representation): Promise<boolean> {
  const stats = await statOf(representation.path);
  return stats !== undefined && stateOf(stats) === representation.state;
}

/** Opens a file, provided that it is still what it was. */
export async function openUnchanged({ path, state }: Representation): Promise<FileHandle | undefined> {
  const handle = await openFile(path);
  if (handle === undefined || stateOf(await handle.stat({ bigint: true })) === state) return handle;
  await handle.close();
  return undefined;
}

/** How often a file that changes while it is read is read again. */
const ATTEMPTS = 5;

async function readRepresentation(
  path: string,
  name: string,
  coding: string,
  varies: boolean,
  options: ResolvedOptions,
): Promise<Representation | undefined> {
  const handle = await openFile(path);
  if (handle === undefined) return undefined;
  try {
    for (let attempt = 1; ; attempt++) {
      const stats = await handle.stat({ bigint: true });
      const size = Number(stats.size);
      const content = size <= options.maxFileBytes ? await readWhole(handle, size) : undefined;
      const after = await handle.stat({ bigint: true });
      // Somebody writes into the file at this very moment: half of it must not be kept.
      if (stateOf(after) !== stateOf(stats) && attempt < ATTEMPTS) continue;
      return representation(path, name, coding, varies, stats, content, options);
    }
  } finally {
    await handle.close();
  }
}

async function readWhole(handle: FileHandle, size: number): Promise<Uint8Array> {
  const content = Buffer.allocUnsafeSlow(size);
  let position = 0;
  while (position < size) {
    const { bytesRead } = await handle.read(content, position, size - position, position);
    if (bytesRead === 0) break;
    position += bytesRead;
  }
  return content.subarray(0, position);
}

function representation(
  path: string,
  name: string,
  coding: string,
  varies: boolean,
  stats: BigIntStats,
  content: Uint8Array | undefined,
  options: ResolvedOptions,
): Representation {
  const modifiedSeconds = Number(stats.mtimeMs / 1000n);
  const suffix = coding === 'identity' ? '' : `-${coding}`;
  const etag = `"${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}${suffix}"`;
  const lastModified = new Date(modifiedSeconds * 1000).toUTCString();
  const fields: HeaderField[] = [
    ['ETag', etag],
    ['Last-Modified', lastModified],
    ['Cache-Control', cacheControl(name, options)],
    ...(varies ? [['Vary', 'Accept-Encoding'] satisfies HeaderField] : []),
    ['Content-Type', contentType(name)],
    ['Accept-Ranges', 'bytes'],
    ...(coding === 'identity' ? [] : [['Content-Encoding', coding] satisfies HeaderField]),
  ];
  for (const field of fields) Object.freeze(field);
  const size = content?.length ?? Number(stats.size);
  return { path, size, state: stateOf(stats), coding, etag, modifiedSeconds, lastModified, content, fields };
}

function stateOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}-${size}-${mtimeNs}`;
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  // Without O_NONBLOCK a named pipe would wait for its writer.
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
}

async function isInside(root: string, path: string, followSymlinks: boolean): Promise<boolean> {
  if (followSymlinks) return true;
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep));
}
