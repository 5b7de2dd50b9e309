import { type FSWatcher, statSync, watch as nodeWatch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from './clock.ts';

/** Starts to watch one folder; `fs.watch` does it. */
export type Watch = (
  folder: string,
  options: { readonly recursive: boolean },
  listener: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'close' | 'on'>;

/** What the watcher is given. */
export interface WatchOptions {
  /** Files, and folders with all that is in them. */
  readonly paths: readonly string[];
  /** How long nothing may change before it counts: an editor or a deployment writes more than one file. */
  readonly debounceMs: number;
  readonly clock: Clock;
  readonly watch?: Watch;
}

/** Folders in which things change without any meaning for the program. */
const IGNORED = /(?:^|[\\/])(?:node_modules|\.git)(?:[\\/]|$)/;

/**
 * Calls back when something under the paths has changed, with the name of the last one. A file is watched through
 * its folder, since editors replace files instead of writing to them.
 * @returns the function that ends it.
 * @throws the system's error when a path is not there.
 */
export function watchPaths(options: WatchOptions, changed: (name: string) => void): () => void {
  const { paths, debounceMs, clock, watch = nodeWatch as Watch } = options;
  let timer: unknown;
  const hear = (name: string): void => {
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => changed(name), debounceMs);
  };
  const watchers: ReturnType<Watch>[] = [];
  const close = (): void => {
    clock.clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  try {
    for (const path of paths) watchers.push(watchOne(path, watch, hear));
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

function watchOne(path: string, watch: Watch, hear: (name: string) => void): ReturnType<Watch> {
  const recursive = statSync(path).isDirectory();
  const only = recursive ? undefined : basename(path);
  const watcher = watch(recursive ? path : dirname(path), { recursive }, (_event, name) => {
    if (only !== undefined && name !== null && name !== only) return;
    if (name === null || !IGNORED.test(name)) hear(name ?? path);
  });
  // A folder that goes away is a change like any other; there is nothing to watch in it any more.
  watcher.on('error', () => hear(path));
  return watcher;
}
