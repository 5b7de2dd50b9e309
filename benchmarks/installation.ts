import { existsSync, globSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './root.ts';

/**
 * Makes the folder what a user's is after `npm install highball`: the built packages in node_modules, with what npm
 * would get of them and nothing else, and beside them what they depend on. A checkout's own command would run the
 * TypeScript sources.
 *
 * @throws when something has not been built.
 */
export async function installHighball(folder: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, '@highball'), { recursive: true });
  const ours = await Promise.all(globSync('{packages,apps}/*', { cwd: root }).map(readWorkspace));
  for (const { from, name, files } of ours.filter((each) => each.published)) {
    if (files.includes('dist') && !existsSync(join(from, 'dist'))) {
      throw new Error(`${name} has not been built: npm run build`);
    }
    for (const file of ['package.json', ...files].filter((each) => existsSync(join(from, each)))) {
      await cp(join(from, file), join(modules, name, file), { recursive: true });
    }
    // Versions of its own, other than those at the top.
    const nested = join(from, 'node_modules');
    if (existsSync(nested)) await symlink(nested, join(modules, name, 'node_modules'));
  }
  await linkDependencies(modules, new Set(['.bin', '@highball', ...ours.map(({ name }) => name)]));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
}

/** The command, as node is given it. */
export function installedBin(folder: string): string {
  return join(folder, 'node_modules/highball/bin/highball.js');
}

interface Workspace {
  readonly from: string;
  readonly name: string;
  readonly files: readonly string[];
  readonly published: boolean;
}

async function readWorkspace(path: string): Promise<Workspace> {
  const from = join(root, path);
  const manifest = JSON.parse(await readFile(join(from, 'package.json'), 'utf8')) as {
    name: string;
    files?: string[];
    private?: boolean;
  };
  return { from, name: manifest.name, files: manifest.files ?? [], published: manifest.private !== true };
}

async function linkDependencies(modules: string, except: ReadonlySet<string>): Promise<void> {
  const from = join(root, 'node_modules');
  const names = (await readdir(from)).filter((name) => !except.has(name));
  await Promise.all(names.map((name) => symlink(join(from, name), join(modules, name))));
}
