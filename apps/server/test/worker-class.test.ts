import { highball, temporaryFolder } from '@highball/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = `
import { threadId } from 'node:worker_threads';
let inside = 0;
let most = 0;
export const app = async (environ, startResponse) => {
  inside++;
  most = Math.max(most, inside);
  if (environ.PATH_INFO === '/block') for (const end = Date.now() + 700; Date.now() < end;);
  else await new Promise((resolve) => setTimeout(resolve, 20));
  inside--;
  startResponse('200 OK', [['Content-Type', 'application/json']]);
  return [JSON.stringify({ threadId, most, multithread: environ['wsgi.multithread'] })];
};
`;

interface Answer {
  threadId: number;
  most: number;
  multithread: boolean;
}

/** Runs requests at the same time on a server with one worker. */
async function ask(options: string[], paths: string[]): Promise<Answer[]> {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', ...options];
  await using server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  return await Promise.all(
    paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).json() as Promise<Answer>),
  );
}

test('async runs requests side by side, on the event loop of the worker', async () => {
  const answers = await ask([], ['/', '/', '/']);
  expect(new Set(answers.map(({ threadId }) => threadId))).toEqual(new Set([0]));
  expect(Math.max(...answers.map(({ most }) => most))).toBe(3);
});

test('sync lets one request at a time into the application', async () => {
  const answers = await ask(['--worker-class', 'sync'], ['/', '/', '/']);
  expect(answers.map(({ most }) => most)).toEqual([1, 1, 1]);
});

test('threads runs each request in a thread of its own, so that one that computes holds up nobody', async () => {
  const answers = await ask(['--worker-class', 'threads', '--threads', '2'], ['/block', '/', '/']);
  const [blocked, ...others] = answers;
  expect(blocked?.threadId).not.toBe(0);
  expect(others.map(({ threadId }) => threadId)).not.toContain(blocked?.threadId);
  expect(answers.map(({ multithread }) => multithread)).toEqual([true, true, true]);
  expect(answers.map(({ most }) => most)).toEqual([1, 1, 1]);
});

test('a thread that blocks past --timeout is replaced, its request is 504, and others are unharmed', async () => {
  await using folder = await temporaryFolder();
  const program = PROGRAM.replace('Date.now() + 700', 'Date.now() + 60_000');
  await writeFile(join(folder.path, 'app.mjs'), program);
  const options = ['--worker-class', 'threads', '--threads', '2', '--timeout', '1'];
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', ...options];
  await using server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  const blocked = status('/block');
  const others = [];
  for (let i = 0; i < 20; i++) others.push(await status('/'));
  expect(new Set(others)).toEqual(new Set([200]));
  expect(await blocked).toBe(504);
  expect(await Promise.all([status('/'), status('/')])).toEqual([200, 200]);
  // It is the thread that was replaced, not the worker.
  expect(server.stderr).not.toContain('no sign of life');
});

test('an application that does not load in its threads is one line and exit code 4', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), "throw new Error('no database')");
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', '-k', 'threads'];
  const server = highball(args, { cwd: folder.path });
  expect(await server.exited).toBe(4);
  expect(server.stderr).toMatch(/cannot load .*app\.mjs: no database\n$/);
});
