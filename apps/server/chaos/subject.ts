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

export const TIMEOUT_SECONDS = 5;
/** More than a worker with threads needs, and less than one that was made to leak. */
const MEMORY_LIMIT_BYTES = 400 * 2 ** 20;
/** The graceful timeout is longer than any request takes. */
const FLAGS =
  `-p server.pid --control-socket control --error-log server.log -t ${TIMEOUT_SECONDS} ` +
  `--graceful-timeout 10 --max-worker-memory ${MEMORY_LIMIT_BYTES}`;
/** The server has boots, drains and backoff to wait for, and the machine may be busy with other things. */
const START_MS = 60_000;
export const SETTLE_MS = 60_000;

export interface SubjectOptions {
  readonly workers: number;
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

  /** Everything that lives and descends from the first start. */
  get processes(): number[] {
    return processesWith(this.#marker).filter(isAlive);
  }

  get workers(): number[] {
    return this.processes.filter((pid) => environmentOf(pid).includes(WORKER_MARKER));
  }

  async start({ workers, flags = [] }: SubjectOptions): Promise<void> {
    this.mend();
    // A file and no pipe: the successors of the master go on writing to it.
    const output = openSync(join(this.folder, 'output'), 'a');
    const args = `serve app.mjs -b 127.0.0.1:0 -w ${workers} ${FLAGS}`.split(' ');
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
  async front(suffix: '' | '.2' = ''): Promise<PoolLine & Pick<ServerStatus, 'pid'>> {
    const client = await connectControl<ServerCommands>(this.controlSocket + suffix);
    try {
      const { pools, pid } = await client.call('status');
      return { ...(pools.at(-1) as PoolLine), pid };
    } finally {
      client.close();
    }
  }

  /** Whether all workers of a master serve and none is on its way. */
  async isSettled(suffix: '' | '.2' = ''): Promise<boolean> {
    try {
      const { size, reloading, drained, workers } = await this.front(suffix);
      return (
        !reloading && !drained && workers.length === size && workers.every(({ state }) => state === 'ready')
      );
    } catch {
      return false;
    }
  }

  /** Waits until one master is left, with all of its workers and nothing else. */
  async settled(): Promise<void> {
    const alone = async (): Promise<boolean> => {
      if (this.masterPid('.2') !== undefined || !(await this.isSettled())) return false;
      const { size, pid } = await this.front();
      return pid === this.masterPid() && this.processes.length === size + 1;
    };
    await until('one master and its workers, all ready', alone, SETTLE_MS);
  }

  /** Stops it by TERM, and kills whatever is left. @returns what was left. */
  async stop(): Promise<number[]> {
    const pid = this.masterPid();
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGTERM');
    await until('the server stops', () => this.processes.length === 0, SETTLE_MS).catch(() => undefined);
    const left = this.processes;
    for (const each of left) process.kill(each, 'SIGKILL');
    return left;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #readPort(): boolean {
    const output = readFileSync(join(this.folder, 'output'), 'utf8');
    const { exitCode, signalCode } = this.#first as ChildProcess;
    if (exitCode !== null || signalCode !== null) throw new Error(`the server has not started: ${output}`);
    this.port = Number(/serves http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? 0);
    return this.port > 0;
  }
}
