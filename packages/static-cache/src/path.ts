import { decodePath, type Environ } from '@highball/gateway-protocol';

/** What a request's path leads to: a name below the root, or a refusal. */
export type FileName = { readonly name: string; readonly isFolder: boolean } | { readonly status: 400 | 404 };

/**
 * Makes a relative file name of the request's path. Whatever a file system could read otherwise than a browser is
 * refused: NUL, backslashes, encoded slashes, `..`, bytes that are no UTF-8.
 */
export function fileNameOf(environ: Environ, prefix: string): FileName {
  const rawPath = (environ.RAW_URI ?? '').split('?', 1)[0] as string;
  // %2F arrives decoded in PATH_INFO, where it cannot be told from a slash any more; and %5C is `\` on Windows.
  if (/%2f|%5c|%00/i.test(rawPath)) return { status: 400 };
  const path = readPath(environ.PATH_INFO);
  if (path === undefined || path.includes('\\') || path.includes('\0')) return { status: 400 };
  const below = withoutPrefix(path, prefix);
  if (below === undefined) return { status: 404 };
  const parts = below.split('/').filter((part) => part !== '');
  if (parts.includes('..') || parts.includes('.')) return { status: 400 };
  return { name: parts.join('/'), isFolder: below.endsWith('/') };
}

/** Whether a part of the name begins with a dot; `.well-known` is there to be read (RFC 8615). */
export function hasDotfile(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') && part !== '.well-known');
}

function readPath(latin1: string): string | undefined {
  try {
    return decodePath(latin1);
  } catch {
    return undefined;
  }
}

function withoutPrefix(path: string, prefix: string): string | undefined {
  if (prefix === '') return path;
  // Without its slash, as any other folder.
  if (path === prefix) return '';
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}
