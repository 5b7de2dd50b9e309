import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { serveThread } from '../src/thread.ts';
import { bodyOf, fixture, serve } from './support.ts';

test('outside a pool it says how a thread is started', async () => {
  await expect(serveThread(() => () => [])).rejects.toMatchObject({
    code: 'NOT_A_THREAD',
    message: expect.stringContaining('threadPool()'),
  });
});

test('a script gets the data of its pool, and its last word before the thread ends', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'last-word');
  await using server = await serve({
    thread: { script: fixture('script-thread.ts'), data: { name: 'Ann', file } },
  });
  expect(bodyOf(await server.get('/'))).toBe('Hello, Ann');
  await server.pool.drain();
  expect(await readFile(file, 'utf8')).toBe('goodbye, Ann');
});
