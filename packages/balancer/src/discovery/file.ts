import { watch as watchFolder } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BalancerConfigError, DiscoveryError } from '../errors.ts';
import type { PeerOptions } from '../peer.ts';
import type { Source } from './source.ts';

/** Calls back at whatever happens in a folder. Returns how to end that. */
export type WatchFolder = (folder: string, changed: (name: string | null) => void) => () => void;

export interface FileOptions {
  /** Lines of `id weight=2 backup max=100`, `#` for comments; or, named `.json`, an array of ids or peers. */
  readonly path: string;
  /** @default fs.watch */
  readonly watch?: WatchFolder;
}

/** A list of ten thousand peers is a tenth of this. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The peers that a file lists; looked at again when it changes. A file that makes no sense changes nothing. */
export function fileSource({ path, watch = watchByFs }: FileOptions): Source {
  return {
    async find() {
      const text = await readCapped(path);
      return { peers: path.endsWith('.json') ? parseJson(text, path) : parsePeerLines(text) };
    },
    // The folder, not the file: editors and Kubernetes' config maps put another file in its place.
    watch: (changed) =>
      watch(dirname(path), (name) => {
        if (name === null || name === basename(path) || name.startsWith('..')) changed();
      }),
  };
}

const watchByFs: WatchFolder = (folder, changed) => {
  try {
    const watcher = watchFolder(folder, { persistent: false }, (_, name) => changed(name));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // A folder that is not there (yet) cannot be watched; the interval finds it.
    return () => undefined;
  }
};

/**
 * Reads lines of peers.
 * @throws BalancerConfigError INVALID_PEER that names the line.
 */
export function parsePeerLines(text: string): PeerOptions[] {
  return text.split('\n').flatMap((line, i) => {
    const [id = '', ...words] = line
      .replace(/(?:^|\s)#.*$/, '')
      .trim()
      .split(/\s+/);
    return id === '' ? [] : [{ id, ...Object.fromEntries(words.map((word) => parseWord(word, i + 1))) }];
  });
}

function parseWord(word: string, line: number): [string, number | boolean] {
  const [, weight, max] = /^(?:weight=(\d+(?:\.\d+)?)|max=(\d+))$/.exec(word) ?? [];
  if (word === 'backup') return ['backup', true];
  if (weight !== undefined) return ['weight', Number(weight)];
  if (max !== undefined) return ['maxConnections', Number(max)];
  const problem = `line ${line}: '${word}' is not known; write weight=NUMBER, max=NUMBER or backup`;
  throw new BalancerConfigError('INVALID_PEER', problem);
}

function parseJson(text: string, path: string): PeerOptions[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new DiscoveryError('FILE_FAILED', `${path} is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (!Array.isArray(list)) throw new DiscoveryError('FILE_FAILED', `${path} must be an array of peers`);
  return list.map((entry: unknown, i) => peerOf(entry, i));
}

const KEYS: Readonly<Record<string, string>> = {
  id: 'string',
  weight: 'number',
  backup: 'boolean',
  maxConnections: 'number',
};

function peerOf(entry: unknown, place: number): PeerOptions {
  if (typeof entry === 'string') return { id: entry };
  const pairs = typeof entry === 'object' && entry !== null ? Object.entries(entry) : [];
  const wrong = pairs.find(([key, value]) => !Object.hasOwn(KEYS, key) || typeof value !== KEYS[key]);
  if (wrong !== undefined) {
    const problem = `entry ${place}: '${wrong[0]}' is not known, or not of its type`;
    throw new BalancerConfigError('INVALID_PEER', problem);
  }
  const peer = Object.fromEntries(pairs) as { id?: string };
  if (peer.id === undefined) throw new BalancerConfigError('INVALID_PEER', `entry ${place} has no id`);
  return { ...peer, id: peer.id };
}

async function readCapped(path: string): Promise<string> {
  // Without `using`, which Node 22 does not know: the sources run there as they are.
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`);
    return await file.readFile('utf8');
  } catch (error) {
    throw new DiscoveryError('FILE_FAILED', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await file?.close();
  }
}
