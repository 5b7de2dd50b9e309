import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { joinBackground } from '../src/background.ts';

const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', `${name}.ts`);

/** Starts `background-program.ts` in the background, from a process of its own. */
async function start(
  task: readonly string[],
  options: object = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Record<string, unknown>> {
  const given = JSON.stringify({ args: [fixture('background-program'), ...task], ...options });
  const starter = new Program(process.execPath, [fixture('background-starter'), given], { env });
  expect(await starter.exited, starter.output).toBe(0);
  return JSON.parse(starter.stdout) as Record<string, unknown>;
}

test('waits until the program is ready, tells its message and leaves it running in a session of its own', async () => {
  await using folder = await temporaryFolder();
  const facts = join(folder.path, 'facts');
  const output = join(folder.path, 'output');
  const started = await start(['ready', facts], { output, cwd: folder.path });
  const pid = Number(started['pid']);
  try {
    expect(started['message']).toBe('serves here');
    expect(JSON.parse(await readFile(facts, 'utf8'))).toEqual({
      pid,
      cwd: folder.path,
      tty: false,
      stdin: '/dev/null',
      joinedAgain: false,
    });
    expect(await readFile(output, 'utf8')).toBe('to the output\n');
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const [, parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect(Number(session)).toBe(pid);
    expect(Number(parent)).not.toBe(process.pid);
  } finally {
    process.kill(pid, 'SIGTERM');
  }
});

test('hands on what the program says when it fails, and its exit code', async () => {
  expect(await start(['failed'])).toEqual({
    code: 'background-failed',
    message: 'the address is in use',
    exitCode: 3,
  });
});

test('a program that ends before it is ready has failed', async () => {
  expect(await start(['crash'])).toMatchObject({
    code: 'background-failed',
    exitCode: 7,
    message: expect.stringContaining('exit code 7'),
  });
});

test('a program that is not ready in time is ended', async () => {
  expect(await start(['hang'], { timeoutMs: 300 })).toMatchObject({
    code: 'background-timeout',
    exitCode: 1,
  });
});

test('a command that does not exist, and an output that cannot be written', async () => {
  expect(await start([], { command: '/nonexistent/program' })).toMatchObject({
    code: 'background-failed',
    message: expect.stringContaining('ENOENT'),
  });
  expect(await start([], { output: '/nonexistent/log' })).toMatchObject({
    code: 'background-failed',
    message: 'cannot write to /nonexistent/log: ENOENT',
  });
});

test('sockets of a launcher go along, and LISTEN_PID becomes that of the program', async () => {
  await using folder = await temporaryFolder();
  const facts = join(folder.path, 'facts');
  const given = JSON.stringify({ args: [fixture('background-program'), 'ready', facts] });
  // A shell knows its pid, and keeps it when it becomes the starter.
  const script = `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$1" "$2" 3</dev/null`;
  const starter = new Program('/bin/sh', [
    '-c',
    script,
    process.execPath,
    fixture('background-starter'),
    given,
  ]);
  expect(await starter.exited, starter.output).toBe(0);
  const { pid } = JSON.parse(starter.stdout) as { pid: number };
  process.kill(pid, 'SIGTERM');
  expect(JSON.parse(await readFile(facts, 'utf8'))).toMatchObject({ listenPid: String(pid) });
});

test('a process that nobody has started in the background has no such side', () => {
  expect(joinBackground()).toBeUndefined();
});
