import type { Application } from '@highball/gateway-protocol';
import { realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StaticCacheUsageError } from './errors.ts';
import { resolveOptions, type StaticCacheOptions } from './options.ts';
import { StaticTier } from './static-tier.ts';

/**
 * Makes an application that serves the files below a folder. A small file that was asked for lately is answered out
 * of memory, synchronously.
 * @throws StaticCacheUsageError NO_FOLDER when the root is none; BAD_OPTION when an option makes no sense.
 */
export function staticCache(root: string | URL, options: StaticCacheOptions = {}): Application {
  const tier = new StaticTier(realFolder(root), resolveOptions(options));
  return (environ, startResponse) => tier.handle(environ, startResponse);
}

function realFolder(root: string | URL): string {
  let folder: string;
  try {
    folder = realpathSync(root instanceof URL ? fileURLToPath(root) : root);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new StaticCacheUsageError('NO_FOLDER', `'${String(root)}' is no folder: ${reason}`, { cause });
  }
  if (!statSync(folder).isDirectory()) {
    throw new StaticCacheUsageError('NO_FOLDER', `'${String(root)}' is no folder`);
  }
  return folder;
}
