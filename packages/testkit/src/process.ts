import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program under test: all it prints is kept, and it does not outlive the test that started it. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  #listeners = new Set<() => void>();
  #over = false;

  constructor(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ) {
    this.child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => this.#hear('stdout', chunk));
    this.child.stderr?.on('data', (chunk: Buffer) => this.#hear('stderr', chunk));
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#over = true;
        resolve(code ?? signal ?? 'unknown');
        this.#wake();
      });
    });
    this.exited.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** All it has printed so far. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Waits until the output matches and returns the match; throws with the output otherwise. */
  async until(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match) return match;
      const left = deadline - Date.now();
      if (this.#over || left <= 0) {
        throw new Error(`${this.#over ? 'exited' : 'timed out'} before ${pattern}:\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#listeners.add(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it with TERM, and with KILL when that does not help. */
  async stop(graceMs = 15_000): Promise<void> {
    if (this.#over) return;
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #hear(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this[stream] += chunk.toString();
    this.#wake();
  }

  #wake(): void {
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}

/** The command `highball` as a checkout has it after `npm ci`. */
export const highballBin: string = join(import.meta.dirname, '../../../apps/server/bin/highball.js');

/** Runs `highball` with these arguments, as a user would. */
export function highball(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Program {
  return new Program(process.execPath, [highballBin, ...args], options);
}

/** A folder of its own for a test, gone at its end: `await using dir = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'highball-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
