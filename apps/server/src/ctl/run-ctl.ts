import { setTimeout as sleep } from 'node:timers/promises';
import { connectControl, type ControlClient } from '@highball/control-socket';
import { systemProcesses } from '@highball/daemon';
import { findSocket, type ServerName } from './find-socket.ts';
import { statusText } from './status-text.ts';
import type { ServerCommands } from './types.ts';

/** The flags of `highball ctl`. */
export interface CtlFlags extends ServerName {
  json?: boolean;
  /** True, or the seconds between two tables. */
  watch?: boolean | number;
  pool?: string;
  quick?: boolean;
  undo?: boolean;
  soft?: boolean;
  prefix?: string;
  tag?: string;
  all?: boolean;
}

type CommandName = Exclude<keyof ServerCommands, 'watch'>;

/** A reload waits for the last request of the old workers: that takes as long as it takes. */
const NO_DEADLINE = { timeoutMs: Number.POSITIVE_INFINITY };
const WATCH_SECONDS = 1;
/** How often to look whether a process has ended. */
const LOOK_MS = 50;
/** To the upper left corner; clear the rest of the line, and what is below. ECMA-48: CUP, EL, ED. */
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_BELOW = '\u001B[J';

/**
 * Sends one command to a server and prints what it answers.
 * @throws CommandError, ControlError in one line: no server, no rights, or what the server has said.
 */
export async function runCtl(command: CommandName, args: unknown, flags: CtlFlags): Promise<void> {
  const client = await connectControl<ServerCommands>(findSocket(flags));
  try {
    if (command === 'status' && flags.watch) return await watch(client, flags);
    const result = await client.call(command, args as never, command === 'status' ? {} : NO_DEADLINE);
    if (command === 'stop') await ended((result as { pid: number }).pid);
    print(flags.json ? JSON.stringify(result) : describe(command, result));
  } finally {
    client.close();
  }
}

async function watch(client: ControlClient<ServerCommands>, flags: CtlFlags): Promise<void> {
  const seconds = typeof flags.watch === 'number' ? flags.watch : WATCH_SECONDS;
  const live = process.stdout.isTTY && !flags.json;
  if (live) process.stdout.write(`${HOME}${CLEAR_BELOW}`);
  for await (const status of client.stream('watch', { intervalMs: seconds * 1000 })) {
    if (flags.json) print(JSON.stringify(status));
    else if (live) process.stdout.write(overwrite(statusText(status)));
    else print(statusText(status));
  }
}

/** Over the table before: without a moment in which the screen is empty. */
function overwrite(text: string): string {
  return `${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`;
}

async function ended(pid: number): Promise<void> {
  while (systemProcesses.isAlive(pid)) await sleep(LOOK_MS);
}

type Answer<Name extends CommandName> = ServerCommands[Name]['result'];

/** What a person is told of each answer. */
const sentences: { readonly [Name in CommandName]: (answer: Answer<Name>) => string } = {
  status: (status) => statusText(status).trimEnd(),
  reload: ({ generation }) => `all workers are replaced (generation ${generation})`,
  scale: ({ pool, workers }) => `${pool} has ${counted(workers, 'worker')}`,
  recycle: ({ pid }) => `worker ${pid} is replaced`,
  drain: () => 'all workers have left; connections wait until reload or scale brings workers back',
  stop: ({ pid }) => `the server (pid ${pid}) has stopped`,
  upgrade: ({ pid, oldPid }) =>
    `the new master (pid ${pid}) serves; the old one (pid ${oldPid}) finishes its requests and leaves`,
  'reopen-logs': () => 'the log files are opened anew',
  'drain-server': ({ upstream, server, draining, workers }) =>
    `${server} of ${upstream} ${draining ? 'gets no new requests' : 'is used again'} (${counted(workers, 'worker')})`,
  purge: ({ workers, memory, disk }) =>
    `${counted(memory, 'answer')} in the memory of ${counted(workers, 'worker')} and ${disk} on disk`,
};

function counted(count: number, what: string): string {
  return `${count} ${count === 1 ? what : `${what}s`}`;
}

function describe(command: CommandName, result: unknown): string {
  const sentence: (answer: never) => string = sentences[command];
  return sentence(result as never);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
