import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ALIVE, LivingFolder } from '../src/living-folder.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** A socket whose process was killed: its file is there, and nobody listens. */
function deadSocket(path: string): void {
  const listen = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', listen, path]);
}

/** A folder as a killed server leaves it behind. */
function leave(path: string, mode = 0o700): string {
  mkdirSync(path, { mode });
  deadSocket(join(path, ALIVE));
  mkdirSync(join(path, 'part'));
  writeFileSync(join(path, 'part', 'file'), 'text');
  return path;
}

const make = (base: string, owner = {}) => LivingFolder.make({ bases: [base], prefix: 'peers-' }, owner);

test('it is for its user alone, answers as long as it is there, and goes with all that is in it', async () => {
  await using base = await temporaryFolder();
  const folder = await make(base.path);
  expect(statSync(folder.path).mode & 0o777).toBe(0o700);
  const socket = net.connect(join(folder.path, ALIVE));
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.destroy();
  mkdirSync(join(folder.path, 'part'));
  folder.remove();
  expect(existsSync(folder.path)).toBe(false);
});

describe('what a killed server has left', () => {
  test('is removed at once by the next one', async () => {
    await using base = await temporaryFolder();
    const left = leave(join(base.path, 'peers-left'));
    const folder = await make(base.path);
    expect(existsSync(left)).toBe(false);
    folder.remove();
  });

  test('is removed by several that start at the same time, and none removes that of another', async () => {
    await using base = await temporaryFolder();
    for (let i = 0; i < 8; i++) leave(join(base.path, `peers-left-${i}`));
    const folders = await Promise.all(Array.from({ length: 16 }, () => make(base.path)));
    for (let i = 0; i < 8; i++) expect(existsSync(join(base.path, `peers-left-${i}`))).toBe(false);
    for (const folder of folders) expect(existsSync(folder.path)).toBe(true);
    for (const folder of folders) folder.remove();
  });

  test('stays where it is not certain that it is that: another kind, another mode, a link, a new one', async () => {
    await using base = await temporaryFolder();
    const at = (name: string): string => join(base.path, name);
    leave(at('other-left'));
    leave(at('peers-open'));
    chmodSync(at('peers-open'), 0o755);
    symlinkSync(at('other-left'), at('peers-link'));
    mkdirSync(at('peers-new'), { mode: 0o700 });
    writeFileSync(at('peers-file'), '');
    const folder = await make(base.path);
    for (const name of ['other-left', 'peers-open', 'peers-link', 'peers-new', 'peers-file'])
      expect(existsSync(at(name)), name).toBe(true);
    expect(existsSync(join(at('other-left'), 'part', 'file'))).toBe(true);
    folder.remove();
  });

  test('is removed without a socket when it is too old to be one that begins', async () => {
    await using base = await temporaryFolder();
    const path = join(base.path, 'peers-old');
    mkdirSync(path, { mode: 0o700 });
    utimesSync(path, Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
    const folder = await make(base.path);
    expect(existsSync(path)).toBe(false);
    folder.remove();
  });
});

describe.skipIf(!isRoot)('with workers of another user', () => {
  test('it is theirs, and so is what they are given, but nothing that a link of theirs leads to', async () => {
    await using base = await temporaryFolder();
    // As /tmp is.
    chmodSync(base.path, 0o1777);
    const folder = await make(base.path, { uid: NOBODY, gid: NOBODY });
    expect(statSync(folder.path)).toMatchObject({ uid: NOBODY, gid: NOBODY });
    const secret = join(base.path, 'secret');
    writeFileSync(secret, '');
    symlinkSync(secret, join(folder.path, 'pool.sock'));
    folder.give('pool.sock');
    expect(statSync(secret).uid).toBe(0);
    folder.remove();
    expect(existsSync(folder.path)).toBe(false);
  });

  test('what they have left is removed with their rights: nothing of root goes with it', async () => {
    await using base = await temporaryFolder();
    chmodSync(base.path, 0o1777);
    const left = leave(join(base.path, 'peers-left'));
    // A folder of root's, as if a link had led there.
    const [part, file] = [join(left, 'part'), join(left, 'part', 'file')];
    lchownSync(left, NOBODY, NOBODY);
    const own = await make(base.path);
    expect(existsSync(left)).toBe(true);
    const folder = await make(base.path, { uid: NOBODY, gid: NOBODY });
    expect(existsSync(file)).toBe(true);
    lchownSync(part, NOBODY, NOBODY);
    utimesSync(left, 0, 0);
    const next = await make(base.path, { uid: NOBODY, gid: NOBODY });
    expect(existsSync(left)).toBe(false);
    for (const each of [own, folder, next]) each.remove();
  });
});
