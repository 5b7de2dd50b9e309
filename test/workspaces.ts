import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The root of the repository. */
export const root: string = join(import.meta.dirname, '..');

/** What these tests read of a package.json. */
export interface Manifest {
  name: string;
  version: string;
  description?: string;
  private?: boolean;
  license?: string;
  type?: string;
  homepage?: string;
  sideEffects?: boolean;
  repository?: { type: string; url: string; directory: string };
  files?: string[];
  exports?: Record<string, string | Record<string, string>>;
  publishConfig?: { access: string };
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  engines?: { node: string };
  workspaces?: string[];
}

/** A folder below packages/ or apps/. */
export interface Workspace {
  /** Relative to the root. */
  folder: string;
  /** The folder's own name. */
  name: string;
  manifest: Manifest;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
}

/** All workspaces, sorted by folder. */
export const workspaces: readonly Workspace[] = globSync('{packages,apps}/*/package.json', { cwd: root })
  .map((file) => file.replace(/\/package\.json$/, ''))
  .toSorted()
  .map((folder) => ({ folder, name: basename(folder), manifest: readManifest(folder) }));

/** Those that npm gets. */
export const published: readonly Workspace[] = workspaces.filter(({ manifest }) => !manifest.private);
