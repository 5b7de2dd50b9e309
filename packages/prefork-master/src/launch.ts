import { spawn as nodeSpawn, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Child, CommandProgram, ResolvedOptions, ScriptProgram, WorkerProgram } from './options.ts';
import { WORKER_VARIABLE, type WorkerFacts } from './protocol.ts';
import type { OpenSocket } from './sockets.ts';

interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly argv0?: string;
}

/** Starts one worker: it inherits the sockets from descriptor 3 on, and an IPC channel after them. */
export function launch(
  options: Pick<ResolvedOptions, 'spawn'>,
  program: WorkerProgram,
  sockets: readonly OpenSocket[],
  facts: WorkerFacts,
  scoreboardFd?: number,
): Child {
  const { command, args, argv0 } = commandLine(program, facts.title);
  const spawn = options.spawn ?? nodeSpawn;
  // Before the process is there: what cannot be serialised must not leave one behind.
  const data = facts.hasData ? JSON.stringify(program.data) : undefined;
  const child = spawn(command, args, {
    ...(argv0 !== undefined && { argv0 }),
    ...(program.cwd !== undefined && { cwd: program.cwd }),
    ...(program.uid !== undefined && { uid: program.uid }),
    ...(program.gid !== undefined && { gid: program.gid }),
    env: environment(program, facts),
    stdio: stdio(program, sockets, scoreboardFd),
  });
  // A worker that exits before it has read its data must not take the master with it (EPIPE).
  child.stdin?.on('error', () => undefined);
  if (data !== undefined) child.stdin?.end(data);
  return child;
}

/** Whether a worker says itself when it is ready and that it is alive. */
export function hasHandshake(program: WorkerProgram): boolean {
  return 'script' in program || (program.handshake ?? false);
}

function commandLine(program: WorkerProgram, title: string | undefined): CommandLine {
  return 'script' in program ? nodeCommandLine(program, title) : ownCommandLine(program);
}

/**
 * The title stands in argv[0]: `ps` shows it from the first moment, and the worker may set process.title at all (on
 * Linux it is cut to the length of what argv had).
 */
function nodeCommandLine(program: ScriptProgram, title: string | undefined): CommandLine {
  const script = program.script instanceof URL ? fileURLToPath(program.script) : program.script;
  const execArgv = program.execArgv ?? process.execArgv.filter((flag) => !flag.startsWith('--inspect'));
  return {
    command: process.execPath,
    args: [...execArgv, script, ...(program.args ?? [])],
    ...(title !== undefined && { argv0: title }),
  };
}

function ownCommandLine(program: CommandProgram): CommandLine {
  return { command: program.command, args: program.args ?? [] };
}

function environment(program: WorkerProgram, facts: WorkerFacts): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...program.env,
    // Of systemd's protocol only the number: LISTEN_PID would have to be known before the process exists.
    LISTEN_FDS: String(facts.addresses.length),
    LISTEN_PID: undefined,
    LISTEN_FDNAMES: undefined,
    [WORKER_VARIABLE]: JSON.stringify(facts),
  };
}

function stdio(
  program: WorkerProgram,
  sockets: readonly OpenSocket[],
  scoreboardFd: number | undefined,
): NonNullable<SpawnOptions['stdio']> {
  const input = program.data === undefined ? 'ignore' : 'pipe';
  const board = scoreboardFd === undefined ? [] : [scoreboardFd];
  const channel = hasHandshake(program) ? (['ipc'] as const) : [];
  return [input, 'inherit', 'inherit', ...sockets.map(({ fd }) => fd), ...board, ...channel];
}
