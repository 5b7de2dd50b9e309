import { HttpCacheUsageError } from './errors.ts';
import type { InvalidationRecord, PurgeTarget } from './invalidations.ts';
import { Invalidations } from './invalidations.ts';
import { Journal } from './journal.ts';
import { keyOfUrl, type KeyRules } from './key.ts';

/** How a purge acts. */
export interface PurgeOptions {
  /**
   * What is purged becomes stale instead of going: it is validated, or stands in while it is fetched anew, where its
   * response allows that. @default false
   */
  readonly soft?: boolean;
}

const PLAIN: KeyRules = { ignoredParameters: new Set(), sortQuery: false };

/** @throws HttpCacheUsageError BAD_PURGE when the target is none. */
export function recordOf(
  target: PurgeTarget,
  options: PurgeOptions,
  rules: KeyRules,
  now: number,
): InvalidationRecord {
  const soft = options.soft === true ? { softMs: now } : {};
  if ('url' in target) return { kind: 'url', value: keyOfUrl(target.url, rules), ...soft };
  if ('prefix' in target) return { kind: 'prefix', value: keyOfUrl(target.prefix, rules), ...soft };
  if ('tag' in target && /^[^\s,]+$/.test(target.tag)) {
    return { kind: 'tag', value: target.tag.toLowerCase(), ...soft };
  }
  if ('all' in target && target.all) return { kind: 'all', value: '', ...soft };
  throw new HttpCacheUsageError('BAD_PURGE', 'a purge names a url, a prefix, a tag without blanks, or all');
}

/**
 * Purges from outside of the workers: a master's control socket, a script. All workers that share the folder, now or
 * after a restart, heed it within their `invalidationDelayMs`.
 *
 * @param folder - the option `folder` of the caches.
 * @throws HttpCacheUsageError BAD_PURGE when the target is none; SharedFolderError when the folder cannot be written.
 */
export function purgeFolder(
  folder: string,
  target: PurgeTarget,
  options: PurgeOptions & Partial<KeyRules> & { readonly now?: () => number } = {},
): void {
  const now = options.now ?? Date.now;
  const record = recordOf(target, options, { ...PLAIN, ...options }, now());
  const journal = new Journal(folder, new Invalidations(), now);
  try {
    journal.append(record);
  } finally {
    journal.close();
  }
}
