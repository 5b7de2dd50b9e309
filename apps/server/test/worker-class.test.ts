import { highball, temporaryFolder } from '@highball/testkit';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Computes until it is let go, waits until three are there, or for a moment. */
const PROGRAM = `
import { existsSync, writeFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let inside = 0;
let most = 0;
export const app = async (environ, startResponse) => {
  inside++;
  most = Math.max(most, inside);
  if (environ.PATH_INFO === '/block') {
    writeFileSync('blocks', '');
    for (const end = Date.now() + 60_000; Date.now() < end && !existsSync('go'););
  } else if (environ.PATH_INFO === '/together') while (most < 3) await sleep(5);
  else await sleep(20);
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

interface Started extends AsyncDisposable {
  readonly folder: string;
  readonly stderr: () => string;
  readonly request: (path: string) => Promise<Response>;
  readonly answer: (path: string) => Promise<Answer>;
}

/** A server with one worker. */
async function start(...options: string[]): Promise<Started> {
  const folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', ...options];
  const server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  const request = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  return {
    folder: folder.path,
    stderr: () => server.stderr,
    request,
    answer: async (path) => (await request(path)).json() as Promise<Answer>,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('async runs requests side by side, on the event loop of the worker', async () => {
  await using server = await start();
  const answers = await Promise.all(Array.from({ length: 3 }, () => server.answer('/together')));
  expect(new Set(answers.map(({ threadId }) => threadId))).toEqual(new Set([0]));
  expect(Math.max(...answers.map(({ most }) => most))).toBe(3);
});

test('sync lets one request at a time into the application', async () => {
  await using server = await start('--worker-class', 'sync');
  const answers = await Promise.all(Array.from({ length: 3 }, () => server.answer('/')));
  expect(answers.map(({ most }) => most)).toEqual([1, 1, 1]);
});

test('threads runs each request in a thread of its own, so that one that computes holds up nobody', async () => {
  await using server = await start('--worker-class', 'threads', '--threads', '2');
  const blocking = server.answer('/block');
  await expect.poll(() => existsSync(join(server.folder, 'blocks'))).toBe(true);
  const others = await Promise.all([server.answer('/'), server.answer('/')]);
  await writeFile(join(server.folder, 'go'), '');
  const blocked = await blocking;
  expect(blocked.threadId).not.toBe(0);
  expect(others.map(({ threadId }) => threadId)).not.toContain(blocked.threadId);
  const answers = [blocked, ...others];
  expect(answers.map(({ multithread }) => multithread)).toEqual([true, true, true]);
  expect(answers.map(({ most }) => most)).toEqual([1, 1, 1]);
});

test('a thread that blocks past --timeout is replaced, its request is 504, and others are unharmed', async () => {
  await using server = await start('--worker-class', 'threads', '--threads', '2', '--timeout', '4');
  const status = async (path: string): Promise<number> => (await server.request(path)).status;
  const blocked = status('/block');
  const others = [];
  for (let i = 0; i < 20; i++) others.push(await status('/'));
  expect(new Set(others)).toEqual(new Set([200]));
  expect(await blocked).toBe(504);
  expect(await Promise.all([status('/'), status('/')])).toEqual([200, 200]);
  // It is the thread that was replaced, not the worker.
  expect(server.stderr()).not.toContain('no sign of life');
});

test('an application that does not load in its threads is one line and exit code 4', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), "throw new Error('no database')");
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', '-k', 'threads'];
  const server = highball(args, { cwd: folder.path });
  expect(await server.exited).toBe(4);
  expect(server.stderr).toMatch(/cannot load .*app\.mjs: no database\n$/);
});
