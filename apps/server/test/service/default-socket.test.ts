import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import {
  livingSockets,
  prepareSocketFolder,
  socketFolder,
  socketOf,
} from '../../src/service/default-socket.ts';

test.each([
  [{ XDG_RUNTIME_DIR: '/run/user/1000' }, 1000, '/run/user/1000/highball'],
  [{ XDG_RUNTIME_DIR: 'relative' }, 0, '/run/highball'],
  [{}, 0, '/run/highball'],
  [{}, 1000, join(tmpdir(), 'highball-1000')],
])('with %j user %d has %s', (env, uid, folder) => expect(socketFolder(env, uid)).toBe(folder));

test('what killed masters have left is cleared away; other files stay', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'highball');
  prepareSocketFolder(path);
  await Promise.all(
    ['99999999.sock', `${process.pid}.sock`, 'notes.txt'].map((name) => writeFile(join(path, name), '')),
  );
  expect(livingSockets(path)).toEqual([{ pid: process.pid, path: socketOf(process.pid, path) }]);
  prepareSocketFolder(path);
  expect((await readdir(path)).toSorted()).toEqual([`${process.pid}.sock`, 'notes.txt'].toSorted());
});

test('a folder that others may write to, or a link to one, is refused', async () => {
  await using folder = await temporaryFolder();
  const open = join(folder.path, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  expect(() => prepareSocketFolder(open)).toThrow(/not a private folder/);
  expect(() => livingSockets(open)).toThrow(/not a private folder/);
  const link = join(folder.path, 'link');
  await mkdir(join(folder.path, 'target'), { mode: 0o700 });
  await symlink(join(folder.path, 'target'), link);
  expect(() => prepareSocketFolder(link)).toThrow(/not a private folder/);
});
