import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPeer, freePort } from '@highball/testkit';
import { isAlive, processesWith } from './processes.ts';
import { get } from './small-get.ts';
import { until } from './until.ts';

/** A server that keeps workers, and how it is started. */
interface Recipe {
  readonly name: string;
  /** What workers load; it stands in this folder's `peers` and is copied, so that it can be broken. */
  readonly module: string;
  /** Undefined where the server is not installed. */
  command(folder: string, port: number, workers: number): string[] | undefined;
}

const bin = join(import.meta.dirname, '../bin/highball.js');
const peers = join(import.meta.dirname, 'peers');
/** Whatever it starts has this in its environment. */
const MARKER = 'HIGHBALL_CHAOS_RIVAL';
const START_MS = 30_000;
const STOP_MS = 10_000;

export const RECIPES: readonly Recipe[] = [
  {
    name: 'highball',
    module: 'hello.mjs',
    command: (_, port, workers) => {
      const flags = `-b 127.0.0.1:${port} -w ${workers} --control-socket off --log-level error`;
      return [process.execPath, bin, 'serve', 'hello.mjs', ...flags.split(' ')];
    },
  },
  {
    name: 'gunicorn, gthread',
    module: 'hello.py',
    command: (_, port, workers) => {
      const gunicorn = findPeer('gunicorn');
      if (gunicorn === undefined) return undefined;
      const flags = `-b 127.0.0.1:${port} -w ${workers} -k gthread --threads 8 --keep-alive 75 --log-level critical`;
      return [gunicorn, 'hello:app', ...flags.split(' ')];
    },
  },
  {
    name: 'node:cluster',
    module: 'cluster-hello.mjs',
    command: (folder, _, workers) => {
      const worker = join(folder, 'cluster-hello.mjs');
      return [process.execPath, join(peers, 'cluster.mjs'), worker, String(workers)];
    },
  },
];

/** A server of one of the kinds, started in a folder of its own. */
export class Rival {
  readonly name: string;
  readonly port: number;
  readonly #module: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(recipe: Recipe, folder: string, port: number, child: ChildProcess) {
    this.name = recipe.name;
    this.port = port;
    this.#module = join(folder, recipe.module);
    this.#folder = folder;
    this.#child = child;
    process.once('exit', this.#remove);
  }

  /** @returns undefined where it is not installed. */
  static async start(recipe: Recipe, workers: number): Promise<Rival | undefined> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'highball-chaos-'));
    const [command, ...args] = recipe.command(folder, port, workers) ?? [];
    if (command === undefined) {
      rmSync(folder, { recursive: true });
      return undefined;
    }
    copyFileSync(join(peers, recipe.module), join(folder, recipe.module));
    const env = { ...process.env, PORT: String(port), [MARKER]: folder };
    const child = spawn(command, args, { cwd: folder, env, stdio: 'ignore' });
    const rival = new Rival(recipe, folder, port, child);
    const up = async (): Promise<boolean> => rival.workers.length === workers && (await rival.serves());
    await until(`${recipe.name} starts`, up, START_MS);
    return rival;
  }

  get workers(): number[] {
    return processesWith(`${MARKER}=${this.#folder}`).filter(
      (pid) => pid !== this.#child.pid && isAlive(pid),
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Whether a request is answered with 200. */
  async serves(): Promise<boolean> {
    return (await get(this.port)) === 200;
  }

  /** From now on what workers load is no program. */
  break(): void {
    writeFileSync(this.#module, 'this is (broken on purpose\n');
  }

  async stop(): Promise<void> {
    this.signal('SIGTERM');
    const marker = `${MARKER}=${this.#folder}`;
    const gone = (): boolean => processesWith(marker).filter(isAlive).length === 0;
    await until(`${this.name} ends`, gone, STOP_MS).catch(() => undefined);
    this.#remove();
  }

  /** Also when this process ends before its time. */
  readonly #remove = (): void => {
    process.off('exit', this.#remove);
    for (const pid of processesWith(`${MARKER}=${this.#folder}`)) process.kill(pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };
}
