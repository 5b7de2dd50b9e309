import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { createKeeper } from '../src/index.ts';

test("a socket is its owner's alone, unless one says otherwise", async () => {
  await using folder = await temporaryFolder();
  for (const [name, mode, expected] of [
    ['a', undefined, 0o600],
    ['b', 0o660, 0o660],
  ] as const) {
    const keeper = createKeeper();
    const path = join(folder.path, name);
    await keeper.listen(mode === undefined ? { path } : { path, mode });
    expect((await stat(path)).mode & 0o777).toBe(expected);
    await keeper.close();
  }
});

test('a socket that a killed process has left is replaced; one in use is not', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const dead = new Program(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('ready'))`,
  ]);
  await dead.until(/ready/);
  dead.signal('SIGKILL');
  await dead.exited;
  const keeper = createKeeper();
  await keeper.listen({ path });
  await expect(createKeeper().listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await keeper.close();
});
