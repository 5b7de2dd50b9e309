import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemProcesses } from '@highball/daemon';
import { CommandError, messageOf } from '../errors.ts';

const PRIVATE_MODE = 0o700;
/** What others may do with a folder. */
const OTHERS = 0o077;
const SOCKET_NAME = /^(\d+)\.sock$/;

/**
 * The folder of the control sockets of this user's servers: `$XDG_RUNTIME_DIR/highball`, root's in /run, else one
 * below the temporary folder.
 */
export function socketFolder(
  env: NodeJS.ProcessEnv = process.env,
  uid: number = process.getuid?.() ?? 0,
): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime?.startsWith('/')) return join(runtime, 'highball');
  return uid === 0 ? '/run/highball' : join(tmpdir(), `highball-${uid}`);
}

/** The control socket of the master with this pid. */
export function socketOf(pid: number, folder: string = socketFolder()): string {
  return join(folder, `${pid}.sock`);
}

/**
 * Makes the folder, and clears it of what killed masters have left.
 * @throws CommandError when it belongs to somebody else: that one could put a socket of his own there.
 */
export function prepareSocketFolder(folder: string = socketFolder()): void {
  try {
    mkdirSync(folder, { mode: PRIVATE_MODE, recursive: true });
  } catch (error) {
    throw new CommandError(`cannot make ${folder}: ${messageOf(error)}`, { cause: error });
  }
  checkPrivate(folder);
  for (const { pid, path } of listSockets(folder)) {
    if (!systemProcesses.isAlive(pid)) rmSync(path, { force: true });
  }
}

/** The control sockets of the servers that run. @throws CommandError when the folder belongs to somebody else. */
export function livingSockets(folder: string = socketFolder()): { pid: number; path: string }[] {
  if (lstatSync(folder, { throwIfNoEntry: false })) checkPrivate(folder);
  return listSockets(folder).filter(({ pid }) => systemProcesses.isAlive(pid));
}

function listSockets(folder: string): { pid: number; path: string }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const pid = Number(SOCKET_NAME.exec(name)?.[1]);
    return Number.isNaN(pid) ? [] : [{ pid, path: join(folder, name) }];
  });
}

function checkPrivate(folder: string): void {
  const stats = lstatSync(folder);
  const mine = stats.isDirectory() && stats.uid === (process.getuid?.() ?? stats.uid);
  if (mine && (stats.mode & OTHERS) === 0) return;
  throw new CommandError(
    `${folder} is not a private folder of this user; remove it, or name a --control-socket`,
  );
}
