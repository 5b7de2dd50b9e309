import { statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';

/** What a path of the file system is. */
export type FileKind = 'file' | 'folder' | undefined;

/** Asks the file system; one call of a few microseconds, as nginx's and Apache's `-f` make it. */
export function fileKind(path: string): FileKind {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return 'file';
  return stats?.isDirectory() ? 'folder' : undefined;
}

/**
 * The path of a file below a root, for an address that came, in part, from a client.
 * @returns undefined for what no file below the root can be: bytes that are no UTF-8, NUL, `..` that leads out.
 */
export function pathBelow(root: string, address: string): string | undefined {
  const [encoded = ''] = address.split('?', 1);
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
  if (path.includes('\0') || path.includes('\\')) return undefined;
  const folder = resolve(root);
  const found = join(folder, path);
  return found === folder || found.startsWith(folder.endsWith(sep) ? folder : folder + sep)
    ? found
    : undefined;
}
