import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ServiceError } from './errors.ts';

/** A user and the group that goes with it. */
export interface Account {
  readonly uid: number;
  /** The user's own group. */
  readonly gid: number;
  /** Undefined for a number that no user has: it has no further groups then. */
  readonly name: string | undefined;
}

/** Where accounts are looked up. */
export interface AccountSources {
  /** @default '/etc/passwd' */
  readonly passwd?: string;
  /** @default '/etc/group' */
  readonly group?: string;
  /**
   * Asks the system's other directories (LDAP, systemd's dynamic users) for a line in the form of the file.
   * @default getent(1)
   */
  readonly lookup?: (database: 'passwd' | 'group', key: string) => string | undefined;
}

/** The largest id: 2^32 - 1 itself means "unchanged" to setuid(2). */
const MAX_ID = 4_294_967_294;
/** A directory on the network that does not answer must not stop the start for ever. */
const LOOKUP_TIMEOUT_MS = 5000;

/**
 * Finds a user by name or number; a number needs no entry, its group is then the same number.
 * @throws {ServiceError} `unknown-user`
 */
export function resolveUser(user: string, sources: AccountSources = {}): Account {
  const entry = findEntry('passwd', user, sources);
  const id = parseId(user);
  if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]), name: entry[0] };
  if (id !== undefined) return { uid: id, gid: id, name: undefined };
  throw new ServiceError('unknown-user', `there is no user '${user}'; getent passwd lists those that exist`);
}

/**
 * Finds a group by name or number.
 * @returns its gid
 * @throws {ServiceError} `unknown-group`
 */
export function resolveGroup(group: string, sources: AccountSources = {}): number {
  const gid = Number(findEntry('group', group, sources)?.[2] ?? parseId(group));
  if (!Number.isNaN(gid)) return gid;
  throw new ServiceError(
    'unknown-group',
    `there is no group '${group}'; getent group lists those that exist`,
  );
}

/** The fields of a line of passwd(5) or group(5): the name is the first, the number the third. */
function findEntry(
  database: 'passwd' | 'group',
  key: string,
  sources: AccountSources,
): readonly string[] | undefined {
  // A name that begins with a dash would be an option of getent; useradd refuses it too.
  if (key === '' || key.startsWith('-') || /[\s:\0]/.test(key)) return undefined;
  const file = sources[database] ?? `/etc/${database}`;
  const lookup = sources.lookup ?? getent;
  return findIn(readOptional(file), key) ?? findIn(lookup(database, key) ?? '', key);
}

function findIn(lines: string, key: string): readonly string[] | undefined {
  const entries = lines.split('\n').map((line) => line.split(':'));
  const complete = entries.filter((fields) => parseId(fields[2]) !== undefined);
  return complete.find(([name]) => name === key) ?? complete.find(([, , id]) => id === key);
}

function parseId(text: string | undefined): number | undefined {
  const id = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return id <= MAX_ID ? id : undefined;
}

function getent(database: string, key: string): string | undefined {
  try {
    return execFileSync('getent', [database, key], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: LOOKUP_TIMEOUT_MS,
    });
  } catch {
    // Not found, or a system without getent.
    return undefined;
  }
}

function readOptional(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
