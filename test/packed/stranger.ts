import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { published, root } from '../workspaces.ts';

/** Packs every published package and installs the tarballs in a folder, without the repository's sources. */
export function packAndInstall(folder: string): void {
  const flags = published.flatMap(({ manifest }) => ['--workspace', manifest.name]);
  run('npm', ['pack', '--silent', '--pack-destination', folder, ...flags], root);
  const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  if (tarballs.length !== published.length)
    throw new Error(`packed ${tarballs.length} of ${published.length}`);

  writeFileSync(join(folder, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
  run('npm', ['install', '--no-audit', '--no-fund', ...tarballs.map((name) => `./${name}`)], folder);
}

/**
 * Every entry of every package loads in a Node, exports something, and makes it warn of nothing.
 * @param flags - of the Node.
 */
export function importAll(node: string, folder: string, flags: readonly string[] = []): void {
  const entries = published.flatMap(({ manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => manifest.name + subpath.slice(1)),
  );
  const checks = entries.map(
    (entry) =>
      `if (Object.keys(await import('${entry}')).length === 0) throw new Error('${entry} exports nothing');`,
  );
  const warned = "process.on('warning', (warning) => { throw warning; });";
  writeFileSync(join(folder, 'import-all.js'), [warned, ...checks].join('\n'));
  run(node, [...flags, 'import-all.js'], folder);
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
