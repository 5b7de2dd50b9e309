import { ProxyConfigError } from './errors.ts';
import { decodePercent } from './target.ts';

/** Which paths of the upstream stand for which of the client's. */
export interface PathMapOptions {
  /** Taken off the client's path, on the boundary of a segment: `/api` of `/api/x`, and not of `/apix`. */
  readonly stripPrefix?: string;
  /** Put before the path that is left. */
  readonly prefix?: string;
}

/**
 * Maps paths to the upstream, and its redirects back. A trailing slash of either option means nothing: `/api` and
 * `/api/` are the same, and what stands behind them begins with a slash in any case.
 */
export class PathMap {
  /** Without a trailing slash; empty for none. */
  readonly stripped: string;
  readonly #segments: readonly string[];
  readonly #added: string;

  /** @throws ProxyConfigError BAD_OPTION when a prefix is no path. */
  constructor(options: PathMapOptions = {}) {
    this.stripped = prefixOf('stripPrefix', options.stripPrefix);
    this.#segments = this.stripped.split('/').slice(1);
    this.#added = prefixOf('prefix', options.prefix);
  }

  /** Whether nothing changes. */
  get identity(): boolean {
    return this.stripped === '' && this.#added === '';
  }

  /** The upstream's target of the client's: path and query, as they are sent. */
  toUpstream(target: string): string {
    // OPTIONS * and CONNECT have no path.
    if (!target.startsWith('/')) return target;
    const rest = this.#strip(target);
    if (this.#added === '') return rest;
    return this.#added + rest;
  }

  /** The client's path of the upstream's; as it is where the upstream's is not below its prefix. */
  toClient(path: string): string {
    if (!isBelow(path, this.#added)) return path;
    const rest = path.slice(this.#added.length);
    return `${this.stripped}${rest.startsWith('/') ? rest : `/${rest}`}`;
  }

  #strip(target: string): string {
    if (this.#segments.length === 0) return target;
    const end = target.search(/[?#]/);
    const path = end === -1 ? target : target.slice(0, end);
    const behind = end === -1 ? '' : target.slice(end);
    const segments = path.split('/').slice(1);
    // Compared as routes compare them, decoded: `/%61pi` is `/api`; a slash that is encoded stays within its segment.
    if (!this.#segments.every((segment, i) => decodePercent(segments[i] ?? '') === segment)) return target;
    return `/${segments.slice(this.#segments.length).join('/')}${behind}`;
  }
}

function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path[prefix.length];
  return prefix === '' || next === undefined || next === '/' || next === '?' || next === '#';
}

function prefixOf(name: string, prefix = ''): string {
  if (prefix !== '' && !/^\/[^?#\s]*$/.test(prefix)) {
    throw new ProxyConfigError(`${name} is a path that starts with /, not '${prefix}'`, 'BAD_OPTION');
  }
  return prefix.replace(/\/+$/, '');
}
