import { lstatSync, mkdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, resolve } from 'node:path';
import { ControlError } from './errors.ts';

/** The file of a socket that a server listens on. */
export interface SocketFile {
  readonly path: string;
  /** Puts it under another name; clients that are connected stay so. */
  move(path: string): Promise<void>;
  /** Removes it, unless another server has put its own there. */
  remove(): void;
}

/** sun_path of unix(7) has 108 bytes, the last of which is 0; the draft's name is longer than the path. */
const MAX_PATH_BYTES = 107;
/** Only the owner may connect: connecting takes write permission (unix(7)). */
const PRIVATE_UMASK = 0o177;
const PRIVATE_FOLDER_MODE = 0o700;
/** A process that listens and is stopped (SIGSTOP) still lets the kernel accept: this is for a full queue. */
const PROBE_TIMEOUT_MS = 1000;

/**
 * Makes a server listen on a path with mode 0600. It is bound under another name and then renamed: at no moment can
 * anybody else connect, nor does a client find a socket that nobody listens on.
 * @throws {ControlError} `in-use` when somebody listens there, `path` when it cannot be bound.
 */
export async function listenPrivately(server: Server, name: string): Promise<SocketFile> {
  const path = resolve(name);
  const draft = `${path}.${process.pid}`;
  checkLength(draft);
  makeFolder(dirname(path));
  await refuseInUse(path);
  unlinkOptional(draft);
  await bind(server, draft);
  try {
    renameSync(draft, path);
  } catch (error) {
    unlinkOptional(draft);
    throw cannotBind(path, error);
  }
  return new BoundSocketFile(path);
}

class BoundSocketFile implements SocketFile {
  readonly #inode: number;
  #path: string;

  constructor(path: string) {
    this.#path = path;
    this.#inode = statSync(path).ino;
  }

  get path(): string {
    return this.#path;
  }

  async move(name: string): Promise<void> {
    const path = resolve(name);
    checkLength(path);
    if (path === this.#path) return;
    await refuseInUse(path);
    try {
      renameSync(this.#path, path);
    } catch (error) {
      throw cannotBind(path, error);
    }
    this.#path = path;
  }

  remove(): void {
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode) unlinkOptional(this.#path);
  }
}

/** Node binds within `listen()` itself: the mask is back before anything else can make a file. */
async function bind(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.once('listening', resolve);
  const umask = process.umask(PRIVATE_UMASK);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  try {
    await promise;
  } catch (error) {
    throw cannotBind(path, error);
  } finally {
    server.off('error', reject);
  }
}

/** A socket that refuses connections is what a killed process has left; any other file is somebody's. */
async function refuseInUse(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isSocket()) throw new ControlError('path', `${path} is no socket, and is left as it is`);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.setTimeout(PROBE_TIMEOUT_MS, () => resolve(true));
  probe.once('connect', () => resolve(true));
  probe.once('error', ({ code }: NodeJS.ErrnoException) =>
    resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'),
  );
  const inUse = await promise;
  probe.destroy();
  if (inUse) throw new ControlError('in-use', `another process listens on ${path}`);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: PRIVATE_FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotBind(folder, error);
  }
}

function checkLength(path: string): void {
  const length = Buffer.byteLength(path);
  if (length <= MAX_PATH_BYTES) return;
  throw new ControlError(
    'path',
    `${path} is too long for a socket: ${length} bytes of ${MAX_PATH_BYTES}; choose a shorter path`,
  );
}

function cannotBind(path: string, cause: unknown): ControlError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new ControlError('path', `cannot make the control socket ${path}: ${code ?? message}`, { cause });
}

function unlinkOptional(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours: the bind that follows tells.
  }
}
