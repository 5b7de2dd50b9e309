import { existsSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { CacheFolder } from '../src/cache-folder.ts';

test('it is where memory is when there is room, and for its owner alone', async () => {
  await using memory = await temporaryFolder();
  const folder = await CacheFolder.make(1000, {}, memory.path);
  expect(dirname(folder.path)).toBe(memory.path);
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

test.each([
  ['there is not so much room', '.', Number.MAX_SAFE_INTEGER],
  ['there is no such file system', 'gone', 1000],
])('it is among the temporary files when %s', async (_, name, bytes) => {
  await using memory = await temporaryFolder();
  const folder = await CacheFolder.make(bytes, {}, join(memory.path, name));
  expect(dirname(folder.path)).toBe(tmpdir());
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

test('what others have left is removed; what lives, begins, or is no folder of ours is not', async () => {
  await using memory = await temporaryFolder();
  const at = (name: string): string => join(memory.path, name);
  const living = await CacheFolder.make(1000, {}, memory.path);
  for (const name of ['highball-cache-left', 'highball-cache-begins', 'another-folder'])
    mkdirSync(at(name), { mode: 0o700 });
  writeFileSync(join(at('highball-cache-left'), 'file'), 'text');
  symlinkSync(at('another-folder'), at('highball-cache-link'));
  const anHourAgo = Date.now() / 1000 - 3600;
  for (const name of ['highball-cache-left', 'another-folder']) utimesSync(at(name), anHourAgo, anHourAgo);
  utimesSync(living.path, anHourAgo, anHourAgo);
  const folder = await CacheFolder.make(1000, {}, memory.path);
  expect(existsSync(at('highball-cache-left'))).toBe(false);
  for (const path of [
    living.path,
    at('highball-cache-begins'),
    at('another-folder'),
    at('highball-cache-link'),
  ])
    expect(existsSync(path)).toBe(true);
  folder.remove();
  living.remove();
});

test('it keeps the parts that it is told to', async () => {
  await using memory = await temporaryFolder();
  const folder = await CacheFolder.make(1000, {}, memory.path);
  for (const name of ['old', 'new']) mkdirSync(join(folder.path, name));
  folder.keep(new Set(['new']));
  expect(existsSync(join(folder.path, 'old'))).toBe(false);
  expect(existsSync(join(folder.path, 'new'))).toBe(true);
  folder.remove();
});
