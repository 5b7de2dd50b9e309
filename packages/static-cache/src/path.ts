import { decodePath, type Environ } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';

/** A name below the root, as a path asks for it. */
export interface Wanted {
  readonly name: string;
  /** Whether it was written with a slash at its end. */
  readonly isFolder: boolean;
}

/** What a request's path leads to: a name below the root, or a refusal. */
export type FileName = Wanted | { readonly status: 400 | 404 };

/** Linux's PATH_MAX: a longer name leads nowhere, and need not be looked for, or remembered. */
const MAX_NAME_LENGTH = 4096;

/** What is remembered of paths: with their strings less than a MiB. */
const MAX_KNOWN = 1000;
const MAX_KNOWN_LENGTH = 200;

const SLASH = 0x2f;

/** A path that means itself: no empty parts, none that begins with a dot, and nothing but usual characters. */
const PLAIN = /^(?:\/[\w~!$&'()*+,;=:@-][\w~!$&'()*+,;=:@.-]*)+$/;

/**
 * Makes a relative file name of the request's path. Whatever a file system could read otherwise than a browser is
 * refused: NUL, backslashes, encoded slashes, `.` and `..`, bytes that are no UTF-8.
 */
export function fileNameOf(environ: Environ, prefix: string): FileName {
  const { RAW_URI: rawUri = '', PATH_INFO: path } = environ;
  const isBelow = path.startsWith(prefix) && path.charCodeAt(prefix.length) === SLASH;
  if (isBelow && path.length < MAX_NAME_LENGTH && !rawUri.includes('%') && PLAIN.test(path)) {
    return { name: path.slice(prefix.length + 1), isFolder: false };
  }
  return readCarefully(rawUri, path, prefix);
}

function readCarefully(rawUri: string, pathInfo: string, prefix: string): FileName {
  const rawPath = rawUri.split('?', 1)[0] as string;
  // %2F arrives decoded in PATH_INFO, where it cannot be told from a slash any more; and %5C is `\` on Windows.
  if (/%2f|%5c|%00/i.test(rawPath)) return { status: 400 };
  const path = readPath(pathInfo);
  if (path === undefined || path.includes('\\') || path.includes('\0')) return { status: 400 };
  const below = withoutPrefix(path, prefix);
  if (below === undefined) return { status: 404 };
  const parts = below.split('/').filter((part) => part !== '');
  if (parts.includes('..') || parts.includes('.')) return { status: 400 };
  const name = parts.join('/');
  return name.length < MAX_NAME_LENGTH ? { name, isFolder: below.endsWith('/') } : { status: 404 };
}

/**
 * Remembers what plain paths lead to, which is the same each time: to look one up costs half of reading it. Only for
 * paths of files that are there, so that a scanner does not fill it.
 */
export class KnownPaths {
  readonly #known = new Map<string, Wanted>();

  get({ RAW_URI: rawUri = '', PATH_INFO: path }: Environ): Wanted | undefined {
    // Some encoded characters are refused that cannot be told from plain ones in PATH_INFO.
    return rawUri.includes('%') ? undefined : this.#known.get(path);
  }

  add({ RAW_URI: rawUri = '', PATH_INFO: path }: Environ, { name, isFolder }: Wanted): void {
    if (rawUri.includes('%') || path.length > MAX_KNOWN_LENGTH) return;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(copyOf(path), { name: copyOf(name), isFolder });
  }
}

/** A string of its own: a name is a part of its request's head, and whoever keeps it would keep that, too. */
export function copyOf(text: string): string {
  return Buffer.from(text).toString();
}

/** Whether a part of the name begins with a dot; `.well-known` is there to be read (RFC 8615). */
export function hasDotfile(name: string): boolean {
  if (!name.includes('.')) return false;
  if (!name.startsWith('.') && !name.includes('/.')) return false;
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
