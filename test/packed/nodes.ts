import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A Node and where its binary is. */
export interface Node {
  /** What was asked for. */
  range: string;
  version: string;
  path: string;
}

/**
 * Installs Nodes from the npm package `node`, which carries them, in a new folder: no more than the one of the
 * development dependencies has to be on everybody's disk.
 * @param ranges - of versions, as npm understands them: `22.18.0` is that one, `22` the newest of its line.
 */
export function installNodes(ranges: readonly string[], folder: string): Node[] {
  mkdirSync(folder);
  const dependencies = Object.fromEntries(ranges.map((range) => [`node-${range}`, `npm:node@${range}`]));
  // The package's install script fetches the binary of this platform.
  const manifest = { private: true, allowScripts: { node: true }, dependencies };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return ranges.map((range) => {
    const path = join(folder, `node_modules/node-${range}/bin/node`);
    return { range, version: execFileSync(path, ['--version'], { encoding: 'utf8' }).trim(), path };
  });
}
