import type { SpawnOptions } from 'node:child_process';
import { expect, test } from 'vitest';
import { launch } from '../src/launch.ts';
import type { WorkerProgram } from '../src/options.ts';
import { WORKER_VARIABLE, type WorkerFacts } from '../src/protocol.ts';
import { FakeChild, loopback } from './support.ts';

const sockets = [21, 22].map((fd) => ({ fd, address: loopback, close: () => undefined }));

function spawned(program: WorkerProgram) {
  const calls: { command: string; args: readonly string[]; options: SpawnOptions }[] = [];
  const spawn = (command: string, args: readonly string[], options: SpawnOptions) => {
    calls.push({ command, args, options });
    return new FakeChild();
  };
  const facts: WorkerFacts = {
    id: 2,
    generation: 1,
    masterPid: 1,
    title: 'echo: worker 2',
    addresses: [loopback, loopback],
    backlog: 10,
    beatMs: 1000,
    gracefulTimeoutMs: 1000,
    timeoutMs: 4000,
    shared: true,
    hasData: program.data !== undefined,
  };
  launch({ spawn }, program, sockets, facts);
  const [call] = calls;
  if (!call) throw new Error('nothing was spawned');
  return { ...call, facts };
}

test('a script is run by this Node, under its title, with the sockets from descriptor 3 on and a channel', () => {
  const { command, args, options, facts } = spawned({
    script: '/w.js',
    args: ['a'],
    execArgv: ['--no-warnings'],
  });
  expect(command).toBe(process.execPath);
  expect(args).toEqual(['--no-warnings', '/w.js', 'a']);
  expect(options.argv0).toBe('echo: worker 2');
  expect(options.stdio).toEqual(['ignore', 'inherit', 'inherit', 21, 22, 'ipc']);
  expect(JSON.parse(options.env?.[WORKER_VARIABLE] ?? '')).toEqual(facts);
});

test('a script may be a URL', () => {
  expect(spawned({ script: new URL('file:///a%20b.js'), execArgv: [] }).args).toEqual(['/a b.js']);
});

test('any other program gets the sockets without a channel, and their number', () => {
  const { command, args, options } = spawned({
    command: 'prog',
    args: ['x'],
    cwd: '/',
    uid: 1,
    gid: 2,
    env: { A: 'b' },
  });
  expect([command, ...args]).toEqual(['prog', 'x']);
  expect(options).toMatchObject({ cwd: '/', uid: 1, gid: 2, env: { A: 'b', LISTEN_FDS: '2' } });
  expect(options).not.toHaveProperty('argv0');
  expect(options.stdio).toEqual(['ignore', 'inherit', 'inherit', 21, 22]);
});

test('data goes to standard input', () => {
  expect(spawned({ command: 'prog', data: { a: 1 } }).options.stdio).toContain('pipe');
});

test('data that is no JSON is refused before a process exists', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(() => spawned({ script: '/w.js', data: circle })).toThrow('circular');
});
