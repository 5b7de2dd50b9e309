import { Buffer } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Descriptors } from './descriptors.ts';
import { CODINGS } from './encoding.ts';
import { FileChangedError } from './errors.ts';
import { PIECE_BYTES, readFully } from './file-body.ts';
import type { ResolvedOptions } from './options.ts';
import { makeRepresentation, type Representation } from './representation.ts';
import { changeOf, isInside, isReadable, statOf } from './state.ts';

/** A file: as it is, and in the codings that stand beside it. */
export interface FileEntry {
  readonly kind: 'file';
  readonly identity: Representation;
  readonly coded: readonly Representation[];
  /** Names of the codings, in the server's order. */
  readonly codings: readonly string[];
  /** What was looked at to know that; undefined was not there. */
  readonly looks: readonly Look[];
}

interface Look {
  readonly path: string;
  readonly change: string | undefined;
}

/** What is under a name. */
export type Entry = { readonly kind: 'missing' | 'folder' } | FileEntry;

const MISSING: Entry = { kind: 'missing' };
const FOLDER: Entry = { kind: 'folder' };

/** What entries are read with. */
export interface EntryContext {
  readonly root: string;
  readonly options: ResolvedOptions;
  readonly descriptors: Descriptors;
}

/** Reads what is under a name below the root. Whatever cannot be read is missing: the reason is not the client's. */
export async function readEntry(name: string, context: EntryContext): Promise<Entry> {
  const { root, options } = context;
  const path = join(root, name);
  const stats = await visibleStats(path, context);
  if (stats === undefined) return MISSING;
  if (stats.isDirectory()) return FOLDER;
  if (!stats.isFile()) return MISSING;
  const siblings = await Promise.all(
    options.precompressed.map(async (ending) => {
      const found = await visibleStats(`${path}.${ending}`, context);
      return {
        path: `${path}.${ending}`,
        coding: CODINGS[ending],
        stats: found?.isFile() ? found : undefined,
      };
    }),
  );
  const varies = siblings.some((sibling) => sibling.stats !== undefined);
  const identity = await represent({ path, coding: 'identity', stats }, name, varies, context);
  const made = await Promise.all(
    siblings.map(({ stats: found, ...source }) =>
      found === undefined ? undefined : represent({ ...source, stats: found }, name, varies, context),
    ),
  );
  const coded = made.filter((each) => each !== undefined);
  const looks = [{ path, stats }, ...siblings].map((look) => ({
    path: look.path,
    change: look.stats && changeOf(look.stats),
  }));
  return { kind: 'file', identity, coded, codings: coded.map(({ coding }) => coding), looks };
}

/** Whether a file and its siblings are still what they were, and those that were not there are not there. */
export async function isUnchanged({ looks }: FileEntry): Promise<boolean> {
  const unchanged = await Promise.all(
    looks.map(async ({ path, change }) => {
      const stats = await statOf(path);
      return (stats?.isFile() ? changeOf(stats) : undefined) === change;
    }),
  );
  return unchanged.every(Boolean);
}

async function visibleStats(path: string, { root, options }: EntryContext): Promise<BigIntStats | undefined> {
  const stats = await statOf(path);
  if (stats === undefined || (stats.isFile() && !(await isReadable(path)))) return undefined;
  return options.followSymlinks || (await isInside(root, path)) ? stats : undefined;
}

/** @throws FileChangedError when the file changes while its hash is made. */
async function represent(
  source: { path: string; coding: string; stats: BigIntStats },
  name: string,
  varies: boolean,
  { options, descriptors }: EntryContext,
): Promise<Representation> {
  const plain = makeRepresentation({ ...source, name, varies, hash: undefined }, options);
  if (options.etag === 'state') return plain;
  const hash = await hashOf(plain, descriptors);
  return makeRepresentation({ ...source, name, varies, hash }, options);
}

async function hashOf(file: Representation, descriptors: Descriptors): Promise<string> {
  const descriptor = await descriptors.acquire(file);
  if (descriptor === undefined) throw new FileChangedError('FILE_CHANGED', `${file.path} has changed`);
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, file.size));
  try {
    for (let position = 0; position < file.size; position += PIECE_BYTES) {
      const part = piece.subarray(0, Math.min(PIECE_BYTES, file.size - position));
      await readFully(descriptor, part, position);
      hash.update(part);
    }
    if (!(await descriptor.isUnchanged()))
      throw new FileChangedError('FILE_CHANGED', `${file.path} has changed`);
    // 160 bits: more than enough for states of one file.
    return hash.digest('base64url').slice(0, 27);
  } finally {
    descriptor.release();
  }
}
