import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { Site } from './started.ts';

const COUNT = `let count = 0;
export const app = (environ, start) => (start('200 OK', [['Cache-Control', 'max-age=60']]), [\`count \${++count}\`]);`;

const ASK = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

function config(folder: string): string {
  return `export default { workers: 1, routes: [{ app: './app.mjs', cache: { folder: '${folder}' } }] };`;
}

/** Serves with this folder: from memory, and the log says why. */
async function servesFromMemory(folder: string, reason: RegExp): Promise<void> {
  await using site = await Site.make({ 'app.mjs': COUNT, 'highball.config.mjs': config(folder) });
  const { port, program } = await site.runConfig();
  await program.until(
    new RegExp(`cache's folder ${folder} cannot be used; .* in its memory alone: .*${reason.source}`),
  );
  expect(await exchange(port, ASK)).toContain('count 1');
  expect(await exchange(port, ASK)).toContain('count 1');
}

test('a cache whose folder cannot be made has its memory, and its worker serves', async () => {
  await using place = await temporaryFolder();
  writeFileSync(join(place.path, 'file'), '');
  await servesFromMemory(join(place.path, 'file', 'cache'), /ENOTDIR/);
});

test('a cache whose folder is no folder has its memory, and its worker serves', async () => {
  await using place = await temporaryFolder();
  writeFileSync(join(place.path, 'file'), '');
  await servesFromMemory(join(place.path, 'file'), /ENOTDIR|EEXIST/);
});

const canMount = process.getuid?.() === 0 && process.platform === 'linux';

test.skipIf(!canMount)('a cache on a full disk has its memory, and its worker serves', async ({ skip }) => {
  await using place = await temporaryFolder();
  const disk = join(place.path, 'disk');
  mkdirSync(disk);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,nr_inodes=3', 'tmpfs', disk]);
  if (status !== 0) skip('no file system can be mounted here');
  try {
    writeFileSync(join(disk, 'full'), 'x'.repeat(4096));
    await servesFromMemory(join(disk, 'cache'), /ENOSPC/);
  } finally {
    spawnSync('umount', [disk]);
  }
});
