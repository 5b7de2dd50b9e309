import { access, constants, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { decodePath, type Environ } from '@highball/gateway-protocol';
import type { Script } from './variables.ts';

/** What a path leads to: a program, or a refusal. */
export type FoundScript = Script | { readonly status: 400 | 403 | 404 };

/** Where programs are looked for. */
export interface FindOptions {
  /** The folder's real path. */
  readonly root: string;
  readonly prefix: string;
  readonly followSymlinks: boolean;
}

/** Folders that a path may go through before its program: each costs a look. */
const MAX_DEPTH = 16;
/** Writable by anybody (suEXEC refuses such programs too). */
const WORLD_WRITABLE = 0o002;

/**
 * Finds the program in a path: the first part of it that names a file. What comes behind is the program's PATH_INFO.
 * Whatever a file system could read otherwise than a browser is refused, as names with a leading dot are.
 */
export async function findScript(environ: Environ, options: FindOptions): Promise<FoundScript> {
  const rawPath = (environ.RAW_URI ?? '').split('?', 1)[0] as string;
  // %2F arrives decoded in PATH_INFO, where it cannot be told from a slash any more.
  if (/%2f|%5c|%00/i.test(rawPath)) return { status: 400 };
  const { PATH_INFO: path } = environ;
  if (!path.startsWith(`${options.prefix}/`)) return { status: 404 };
  const parts = path.slice(options.prefix.length + 1).split('/');
  let folder = options.root;
  for (const [index, part] of parts.slice(0, MAX_DEPTH).entries()) {
    const name = fileName(part);
    if (name === undefined) return { status: 404 };
    const file = join(folder, name);
    const found = await lookAt(file, options);
    if (found === 'folder') {
      folder = file;
      continue;
    }
    if (found !== 'program') return { status: found === 'forbidden' ? 403 : 404 };
    const rest = parts.slice(index + 1);
    const scriptPath = [options.prefix, ...parts.slice(0, index + 1)].join('/');
    return {
      program: file,
      name: environ.SCRIPT_NAME + scriptPath,
      pathInfo: rest.length === 0 ? '' : `/${rest.join('/')}`,
    };
  }
  return { status: 404 };
}

/** One part of a path as the name of a file; undefined where there can be none. */
function fileName(part: string): string | undefined {
  if (part === '' || part.startsWith('.') || /[\\\0]/.test(part)) return undefined;
  try {
    return decodePath(part);
  } catch {
    return undefined;
  }
}

async function lookAt(
  file: string,
  { root, followSymlinks }: FindOptions,
): Promise<'program' | 'folder' | 'forbidden' | 'nothing'> {
  try {
    const real = await realpath(file);
    if (!followSymlinks && !real.startsWith(root.endsWith(sep) ? root : root + sep)) return 'nothing';
    const stats = await stat(real);
    if (stats.isDirectory()) return 'folder';
    if (!stats.isFile()) return 'nothing';
    if ((stats.mode & WORLD_WRITABLE) !== 0) return 'forbidden';
    await access(real, constants.X_OK);
    return 'program';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'forbidden' : 'nothing';
  }
}
