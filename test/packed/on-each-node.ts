// Runs what is packed, the checkout's own sources, and the tests that are nearest to Node, on each Node that the
// packages say they support. `node test/packed/on-each-node.ts 26` takes versions of one's own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { highballBin, temporaryFolder } from '@highball/testkit';
import { root } from '../workspaces.ts';
import { installNodes } from './nodes.ts';
import { importAll, packAndInstall } from './stranger.ts';
import { tryServer } from './try-server.ts';

/** The ends of the range in `engines`. Node 24 comes with the development dependencies: `npm test` runs on that. */
const ENDS = ['22.18.0', '26'];
/** Tried as well, without the tests. */
const BETWEEN = ['22'];
/** Protocols, processes and what adapts Node's own objects: what a version of Node could break. */
const PROJECTS = [
  'gateway-protocol',
  'environ',
  'http-parser',
  'direct-writes',
  'async-worker',
  'prefork-master',
  'fetch-adapter',
  'daemon',
  'control-socket',
];

const asked = process.argv.slice(2);
const ranges = asked.length > 0 ? asked : [...ENDS, ...BETWEEN];
await using temporary = await temporaryFolder();
const installed = join(temporary.path, 'installed');
const checkout = join(temporary.path, 'checkout');
for (const folder of [installed, checkout]) mkdirSync(folder);
packAndInstall(installed);
symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
writeFileSync(join(checkout, 'package.json'), '{ "type": "module" }');

for (const { range, version, path: node } of installNodes(ranges, join(temporary.path, 'nodes'))) {
  importAll(node, installed);
  importAll(node, checkout, ['-C', '@highball/source']);
  await tryServer({ node, bin: join(installed, 'node_modules/.bin/highball'), folder: installed });
  await tryServer({ node, bin: highballBin, folder: checkout });
  console.log(`Node ${version}: the packages and the sources run`);
  if (asked.length > 0 || ENDS.includes(range)) runTests(version, node);
}

/** Some of the repository's tests; what they start runs in the same Node. */
function runTests(version: string, node: string): void {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const summary = join(root, 'test/summary-reporter.ts');
  const projects = PROJECTS.flatMap((name) => ['--project', name]);
  const { status } = spawnSync(
    node,
    [vitest, 'run', '--reporter', 'dot', '--reporter', summary, '--maxWorkers', '2', ...projects],
    {
      cwd: root,
      env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  if (status !== 0) throw new Error(`tests failed on Node ${version}`);
}
