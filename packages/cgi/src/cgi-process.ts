import type { ErrorStream } from '@highball/gateway-protocol';
import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path';
import type { Clock } from './clock.ts';
import { type ErrorBudget, ErrorLines } from './error-lines.ts';
import { CgiProgramError } from './errors.ts';
import type { Spawn } from './options.ts';
import { feed } from './feed.ts';
import type { RequestBody } from './request-body.ts';

/** What a run depends on. */
export interface ProcessOptions {
  readonly cwd: string | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  readonly clock: Clock;
  readonly spawn: Spawn;
}

/** One run of a program. */
export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly body: RequestBody | undefined;
  readonly errors: ErrorStream;
  readonly budget: ErrorBudget;
  /** Called once, when the process is gone. */
  readonly onGone: () => void;
}

/** A program that has closed its output has usually ended too: so long its end is waited for, to see how. */
const EXIT_GRACE_MS = 100;

/**
 * A process for one request, the leader of a group of its own. It is ended, with whatever it started, when its time is
 * up, when the client leaves, and when it exits itself: what should live longer must leave the group (`setsid`).
 */
export class CgiProcess {
  readonly #child: ChildProcess;
  readonly #output: AsyncIterator<Buffer>;
  readonly #options: ProcessOptions;
  readonly #run: Run;
  readonly #cancelDeadline: () => void;
  #cancelKill: (() => void) | undefined;
  #failure: Error | undefined;
  #gone = false;
  #signal: NodeJS.Signals | null = null;
  readonly #exited: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(run: Run, options: ProcessOptions) {
    this.#run = run;
    this.#options = options;
    this.#child = start(run, options);
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new TypeError('spawn made no pipes');
    this.#output = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const lines = new ErrorLines(run.budget, run.errors, run.program);
    stderr.on('data', (chunk: Buffer) => lines.push(chunk)).on('end', () => lines.end());
    stderr.on('error', () => undefined);
    this.#child.once('exit', (_code, signal) => this.#onExit(signal));
    this.#child.on('error', (cause) => this.#onError(cause));
    this.#cancelDeadline = options.clock.after(options.timeoutMs, () => {
      this.end(new CgiProgramError('TIMEOUT', `${run.program} did not end within ${options.timeoutMs} ms`));
    });
    feed(stdin, run.body?.pieces ?? [], run.body?.length ?? 0).catch((error: unknown) =>
      this.#onLostBody(error),
    );
  }

  /**
   * The next piece of the output, when it is there; undefined at its end.
   * @throws the reason when the run was ended before its output; CgiProgramError DIED when the program was.
   */
  async read(): Promise<Buffer | undefined> {
    const { done, value } = await this.#output.next().catch((error: unknown) => {
      throw this.#failure ?? error;
    });
    if (this.#failure !== undefined) throw this.#failure;
    if (!done) return value;
    await this.#exitOrGrace();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#signal !== null) {
      throw new CgiProgramError('DIED', `${this.#run.program} was ended by ${this.#signal}`);
    }
    return undefined;
  }

  /** Reads the rest of the output, which nobody wants, so that the program can end in peace. */
  async drain(): Promise<void> {
    try {
      while ((await this.read()) !== undefined);
    } catch {
      // It was ended; nobody waits for that.
    }
  }

  /** Ends the program and what it started: SIGTERM, then SIGKILL. What is read from now on fails with this. */
  end(reason: Error): void {
    if (this.#gone || this.#failure !== undefined) return;
    this.#failure = reason;
    this.#signalGroup('SIGTERM');
    this.#cancelKill = this.#options.clock.after(this.#options.killGraceMs, () =>
      this.#signalGroup('SIGKILL'),
    );
    this.#child.stdin?.destroy();
    this.#child.stdout?.destroy();
  }

  #onExit(signal: NodeJS.Signals | null): void {
    this.#signal = signal;
    // What it left behind: nobody would bound its number. ESRCH is the usual answer: nothing.
    this.#signalGroup('SIGKILL');
    this.#leave();
  }

  /** The program could not be started, or not be signalled; only the first ends the run. */
  #onError(cause: Error): void {
    if (this.#child.pid !== undefined) return;
    this.#failure = new CgiProgramError('START_FAILED', `${this.#run.program} could not be started`, {
      cause,
    });
    this.#child.stdout?.destroy();
    this.#leave();
  }

  /** The body of the request will not be complete: half of it must not be taken for the whole. */
  #onLostBody(error: unknown): void {
    if (this.#gone) return;
    this.end(new CgiProgramError('DIED', 'the body of the request was lost', { cause: error }));
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#cancelDeadline();
    this.#cancelKill?.();
    this.#child.stdin?.destroy();
    this.#exited.resolve();
    this.#run.onGone();
  }

  #exitOrGrace(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(EXIT_GRACE_MS, resolve);
      void this.#exited.promise.then(() => (cancel(), resolve()));
    });
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // ESRCH: it has ended by itself, which is all that is wanted.
    }
  }
}

/** @throws CgiProgramError START_FAILED: what spawn throws at once, as for an argument list that is too long. */
function start(run: Run, { spawn, cwd, uid, gid }: ProcessOptions): ChildProcess {
  try {
    return spawn(run.program, run.args, {
      cwd: cwd ?? dirname(run.program),
      env: run.env,
      ...(uid !== undefined && { uid }),
      ...(gid !== undefined && { gid }),
      // A group of its own, so that it can be ended with all that it started.
      detached: true,
      shell: false,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  } catch (cause) {
    throw new CgiProgramError('START_FAILED', `${run.program} could not be started`, { cause });
  }
}
