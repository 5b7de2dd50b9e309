import { type BigIntStats, close, constants, fstat, open, read } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ResolvedOptions } from './options.ts';
import type { Representation } from './representation.ts';
import { stateOf, unsettledMs } from './state.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile: (fd: number, options: { bigint: true }) => Promise<BigIntStats> = promisify(fstat);

/** For how long a descriptor that nobody reads from is kept; a deleted file takes its room on the disk until then. */
const IDLE_MS = 10_000;
/** How often a file is waited for that is written to at this moment. */
const ATTEMPTS = 5;

/** An open file, shared by all who read from it: each from a position of its own. */
export class Descriptor {
  readonly path: string;
  readonly state: string;
  readonly #fd: number;
  readonly #onIdle: (descriptor: Descriptor) => void;
  #users = 0;

  constructor(fd: number, path: string, state: string, onIdle: (descriptor: Descriptor) => void) {
    this.#fd = fd;
    this.path = path;
    this.state = state;
    this.#onIdle = onIdle;
  }

  /** How many read from it. */
  get users(): number {
    return this.#users;
  }

  use(): this {
    this.#users++;
    return this;
  }

  /** Must be called once for each {@link use}, when no read is under way. */
  release(): void {
    if (--this.#users === 0) this.#onIdle(this);
  }

  /** Reads up to as many bytes as the buffer has; says how many there were. */
  read(buffer: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#fd, buffer, 0, buffer.byteLength, position, (error, bytesRead) => {
        if (error) reject(error);
        else resolve(bytesRead);
      });
    });
  }

  /** Whether the file is still what it was. */
  async isUnchanged(): Promise<boolean> {
    return stateOf(await statFile(this.#fd, { bigint: true })) === this.state;
  }

  /** For {@link Descriptors} only. */
  close(): void {
    // Nothing was written, so that nothing can be lost.
    closeFile(this.#fd).catch(() => undefined);
  }
}

/**
 * The open files: one descriptor for each, however many clients read from it. Some stay open for a while when nobody
 * does, the longest unused are closed first.
 */
export class Descriptors {
  readonly #options: Pick<ResolvedOptions, 'maxIdleFiles' | 'wallClock'>;
  readonly #shared = new Map<string, Descriptor>();
  readonly #opening = new Map<string, Promise<Descriptor | undefined>>();
  /** Those that nobody reads from, in the order in which they became idle, and since when. */
  readonly #idle = new Map<Descriptor, number>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: Pick<ResolvedOptions, 'maxIdleFiles' | 'wallClock'>) {
    this.#options = options;
  }

  /** How many files are open, as far as they are still known by their names. */
  get size(): number {
    return this.#shared.size;
  }

  /** Opens a file for one more reader, who must release it; undefined when it is not any more what it was. */
  async acquire({ path, state }: Pick<Representation, 'path' | 'state'>): Promise<Descriptor | undefined> {
    const shared = this.#shared.get(path);
    if (shared?.state === state) {
      this.#idle.delete(shared);
      return shared.use();
    }
    const key = `${path}\0${state}`;
    const opening = this.#opening.get(key);
    if (opening !== undefined) return (await opening)?.use();
    const opened = this.#open(path, state).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opened);
    return opened;
  }

  /** Opens a file for its first reader; those who wait for the same promise come to use it before he can release it. */
  async #open(path: string, state: string): Promise<Descriptor | undefined> {
    // Without O_NONBLOCK a named pipe would wait for its writer.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    const fd = await openFile(path, flags).catch(noFile);
    if (fd === undefined) return undefined;
    const found = await this.#settledState(fd).catch(() => undefined);
    const descriptor = new Descriptor(fd, path, state, this.#onIdle);
    if (found !== state) {
      descriptor.close();
      return undefined;
    }
    const before = this.#shared.get(path);
    if (before !== undefined) this.#forget(before);
    this.#shared.set(path, descriptor);
    return descriptor.use();
  }

  async #settledState(fd: number): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const stats = await statFile(fd, { bigint: true });
      const pause = unsettledMs(stats, this.#options.wallClock());
      if (pause === 0 || attempt === ATTEMPTS) return stateOf(stats);
      await wait(pause);
    }
  }

  readonly #onIdle = (descriptor: Descriptor): void => {
    if (this.#shared.get(descriptor.path) !== descriptor) {
      descriptor.close();
      return;
    }
    this.#idle.set(descriptor, performance.now());
    if (this.#idle.size > this.#options.maxIdleFiles) {
      const [longest] = this.#idle.keys() as Iterable<Descriptor> as [Descriptor];
      this.#forget(longest);
    }
    if (this.#sweep === undefined) this.#sweep = setTimeout(this.#closeIdle, IDLE_MS).unref();
  };

  /** Its name leads elsewhere now, or to nobody; it is closed as soon as nobody reads from it. */
  #forget(descriptor: Descriptor): void {
    this.#shared.delete(descriptor.path);
    this.#idle.delete(descriptor);
    if (descriptor.users === 0) descriptor.close();
  }

  readonly #closeIdle = (): void => {
    this.#sweep = undefined;
    const limit = performance.now() - IDLE_MS;
    for (const [descriptor, since] of this.#idle) {
      if (since <= limit) this.#forget(descriptor);
    }
    if (this.#idle.size > 0) this.#sweep = setTimeout(this.#closeIdle, IDLE_MS).unref();
  };
}

/** The process, or the machine, has no descriptor left: that is not the file's fault, and must not look like 404. */
function noFile(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'EMFILE' || error.code === 'ENFILE') throw error;
  return undefined;
}
