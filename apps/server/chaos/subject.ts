import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connectControl } from '@highball/control-socket';
import type { PoolLine, ServerCommands, ServerStatus } from '../src/ctl/types.ts';
import { environmentOf, isAlive, processesWith } from './processes.ts';
import { until } from './until.ts';

const bin = join(import.meta.dirname, '../bin/highball.js');
/** In the environment of the server and of all that it starts: so they are found, whoever their parent is. */
const MARKER = 'HIGHBALL_CHAOS';
/** Only workers of prefork-master have it. */
const WORKER_MARKER = 'PREFORK_WORKER=';

/** Long enough that a worker which only has to wait for a busy machine is not taken for a dead one. */
export const TIMEOUT_SECONDS = 8;
/** More than a worker with threads needs, and less than one that was made to leak. */
const MEMORY_LIMIT_BYTES = 400 * 2 ** 20;
/** The graceful timeout is longer than any request takes. */
const FLAGS =
  `-p server.pid --control-socket control --error-log server.log -t ${TIMEOUT_SECONDS} ` +
  `--graceful-timeout 10 --max-worker-memory ${MEMORY_LIMIT_BYTES}`;
/** The server has boots, drains and backoff to wait for, and the machine may be busy with other things. */
const START_MS = 120_000;
export const SETTLE_MS = 60_000;

export interface SubjectOptions {
  readonly workers: number;
  /** Whether the application stands behind a front that proxies, each with workers of its own: `highball run`. */
  readonly stack?: boolean;
  /** Further flags of `highball serve`. */
  readonly flags?: readonly string[];
}

/** The server under test: a real `highball serve` with its files in a folder of its own. */
export class Subject {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'highball-chaos-'));
  readonly #marker: string;
  #first: ChildProcess | undefined;
  port = 0;

  constructor() {
    this.#marker = `${MARKER}=${this.folder}`;
    process.once('exit', this.remove);
  }

  get pidfile(): string {
    return join(this.folder, 'server.pid');
  }

  get controlSocket(): string {
    return join(this.folder, 'control');
  }

  /** All that master and workers have logged. */
  get log(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8');
  }

  /** The workers that the master has killed because their heartbeat had ended. */
  get silenced(): number[] {
    return [...this.log.matchAll(/\(pid (\d+)\) gave no sign of life/g)].map(([, pid]) => Number(pid));
  }

  /** Everything that lives and descends from the first start. */
  get processes(): number[] {
    return processesWith(this.#marker).filter(isAlive);
  }

  get workers(): number[] {
    return this.processes.filter((pid) => environmentOf(pid).includes(WORKER_MARKER));
  }

  async start({ workers, stack = false, flags = [] }: SubjectOptions): Promise<void> {
    this.mend();
    // A file and no pipe: the successors of the master go on writing to it.
    const output = openSync(join(this.folder, 'output'), 'a');
    const command = stack ? 'run -c stack.config.mjs' : 'serve app.mjs';
    if (stack) writeFileSync(join(this.folder, 'stack.config.mjs'), stackConfig(workers));
    const args = `${command} -b 127.0.0.1:0 -w ${workers} ${FLAGS}`.split(' ');
    this.#first = spawn(process.execPath, [bin, ...args, ...flags], {
      cwd: this.folder,
      env: { ...process.env, NO_COLOR: '1', [MARKER]: this.folder },
      stdio: ['ignore', output, output],
    });
    await until('the server starts', () => this.#readPort(), START_MS);
  }

  /** The application that works. */
  mend(): void {
    copyFileSync(join(import.meta.dirname, 'application.mjs'), join(this.folder, 'app.mjs'));
  }

  /** An application that throws while it is loaded. */
  break(): void {
    writeFileSync(join(this.folder, 'app.mjs'), "throw new Error('broken on purpose');\n");
  }

  /** The pid in the pidfile, or in that of a new master beside the old one; undefined without the file. */
  masterPid(suffix: '' | '.2' = ''): number | undefined {
    const path = this.pidfile + suffix;
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) || undefined : undefined;
  }

  signalMaster(signal: NodeJS.Signals, suffix: '' | '.2' = ''): number {
    const pid = this.masterPid(suffix);
    if (pid === undefined) throw new Error(`there is no ${this.pidfile}${suffix}`);
    process.kill(pid, signal);
    return pid;
  }

  /** Runs `highball ctl` as a user does. @throws Error with what it prints, when it fails */
  async ctl(...args: string[]): Promise<string> {
    const env = { ...process.env, NO_COLOR: '1' };
    const all = [bin, 'ctl', ...args, '--socket', this.controlSocket];
    const { stdout } = await promisify(execFile)(process.execPath, all, { env });
    return stdout;
  }

  /** What the master, or the new one beside it, tells over its control socket. */
  async status(suffix: '' | '.2' = ''): Promise<ServerStatus> {
    const client = await connectControl<ServerCommands>(this.controlSocket + suffix);
    try {
      return await client.call('status');
    } finally {
      client.close();
    }
  }

  /** The pool that takes the clients. */
  async front(): Promise<PoolLine> {
    const { pools } = await this.status();
    return pools.at(-1) as PoolLine;
  }

  /** Whether all workers of a master serve and none is on its way. */
  async isSettled(suffix: '' | '.2' = ''): Promise<boolean> {
    try {
      return (await this.status(suffix)).pools.every(isComplete);
    } catch {
      return false;
    }
  }

  /** Waits until one master is left, with all of its workers and nothing else. */
  async settled(timeoutMs: number = SETTLE_MS): Promise<void> {
    const alone = async (): Promise<boolean> => {
      if (this.masterPid('.2') !== undefined || !(await this.isSettled())) return false;
      const { pools, pid } = await this.status();
      const workers = pools.reduce((sum, { size }) => sum + size, 0);
      return pid === this.masterPid() && this.processes.length === workers + 1;
    };
    await until('one master and its workers, all ready', alone, timeoutMs);
  }

  /** Stops it by TERM, and kills whatever is left. @returns what was left. */
  async stop(): Promise<number[]> {
    const pid = this.masterPid();
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGTERM');
    await until('the server stops', () => this.processes.length === 0, SETTLE_MS).catch(() => undefined);
    return this.#kill();
  }

  /** Ends what still lives, and removes the folder; also when this process ends before its time. */
  readonly remove = (): void => {
    process.off('exit', this.remove);
    this.#kill();
    rmSync(this.folder, { recursive: true, force: true });
  };

  #kill(): number[] {
    const left = this.processes;
    for (const pid of left) process.kill(pid, 'SIGKILL');
    return left;
  }

  #readPort(): boolean {
    const output = readFileSync(join(this.folder, 'output'), 'utf8');
    const { exitCode, signalCode } = this.#first as ChildProcess;
    if (exitCode !== null || signalCode !== null) throw new Error(`the server has not started: ${output}`);
    this.port = Number(/serves http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? 0);
    return this.port > 0;
  }
}

function isComplete({ size, reloading, drained, workers }: PoolLine): boolean {
  return !reloading && !drained && workers.length === size && workers.every(({ state }) => state === 'ready');
}

function stackConfig(workers: number): string {
  const upstreams = { app: { app: './app.mjs', workers } };
  return `export default ${JSON.stringify({ upstreams, routes: [{ proxy: 'app' }] })};\n`;
}
