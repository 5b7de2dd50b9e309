import { chmodSync, lstatSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { UnixTarget } from './bind.ts';
import { BindError } from './errors.ts';
import { bindUnix, type SocketHandle } from './socket-handle.ts';

/** sun_path of unix(7) has 108 bytes with its closing zero. */
const MAX_PATH_BYTES = 107;

/** How long a socket that exists may take to let us connect before it counts as in use. */
const PROBE_TIMEOUT_MS = 1000;

/** Which file leads to a Unix socket: its path may belong to a successor by now. */
export interface SocketFile {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
}

/** A bound Unix socket and the file that leads to it. */
export interface UnixSocket {
  readonly handle: SocketHandle;
  readonly file: SocketFile;
}

/**
 * Binds a Unix socket: a stale file is replaced, a live one refused.
 *
 * The socket is bound under a name of its own and then renamed. So its mode is set before anyone can find it, a
 * stale file is replaced in one step, and the path is not the one that libuv unlinks blindly when the handle closes:
 * by then it may belong to a successor.
 */
export async function bindUnixSocket({ path, mode }: UnixTarget): Promise<UnixSocket> {
  const ownName = `${path}.${process.pid}`;
  checkLength(path, ownName);
  await checkFree(path);
  await rm(ownName, { force: true });
  const handle = bindUnix(ownName);
  try {
    if (mode !== undefined) chmodSync(ownName, mode);
    const { dev, ino } = lstatSync(ownName);
    renameSync(ownName, path);
    return { handle, file: { path, dev, ino } };
  } catch (error) {
    handle.close();
    throw error;
  }
}

function checkLength(path: string, ownName: string): void {
  if (Buffer.byteLength(ownName) <= MAX_PATH_BYTES) return;
  const limit = MAX_PATH_BYTES - (ownName.length - path.length);
  throw new BindError('socket-path', `unix:${path} is too long; choose a path of at most ${limit} bytes`);
}

async function checkFree(path: string): Promise<void> {
  const existing = await statOrNothing(path);
  if (!existing) return checkFolder(path);
  if (!existing.isSocket()) {
    throw new BindError(
      'socket-path',
      `unix:${path} is a file and no socket; remove it or choose another path`,
    );
  }
  if (await answers(path)) {
    throw new BindError(
      'address-in-use',
      `unix:${path} is in use; stop the program that holds it or choose another --bind`,
    );
  }
}

async function checkFolder(path: string): Promise<void> {
  const folder = dirname(path);
  const existing = await statOrNothing(folder);
  if (!existing)
    throw new BindError('socket-path', `unix:${path}: the folder ${folder} does not exist; create it`);
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether anyone listens behind a socket file. Only a refusal says for sure that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: PROBE_TIMEOUT_MS });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
    );
  });
}

/** Removes the file of a socket, unless another one has taken its place. */
export function unlinkSocket({ path, dev, ino }: SocketFile): void {
  try {
    const now = lstatSync(path);
    if (now.ino === ino && now.dev === dev) unlinkSync(path);
  } catch {
    // Gone already, or in a folder that is: nothing of ours is left.
  }
}
