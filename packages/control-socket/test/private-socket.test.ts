import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { connectControl } from '../src/client.ts';
import { serveControl } from '../src/server.ts';

const permissions = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

test('only the owner may connect, whatever the umask, and nothing is left at the end', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'run', 'control');
  const umask = process.umask(0);
  const server = await serveControl(path, {});
  expect(process.umask(umask)).toBe(0);
  expect(await permissions(path)).toBe(0o600);
  expect(await permissions(join(folder.path, 'run'))).toBe(0o700);
  expect(await readdir(join(folder.path, 'run'))).toEqual(['control']);
  await server.close();
  expect(await readdir(join(folder.path, 'run'))).toEqual([]);
});

test('a path that somebody listens on is refused, and stays theirs', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const first = await serveControl(path, { who: () => 'first' });
  await expect(serveControl(path, { who: () => 'second' })).rejects.toMatchObject({ code: 'in-use' });
  const client = await connectControl(path);
  expect(await client.call('who')).toBe('first');
  client.close();
  await first.close();
});

test('what a killed process has left is replaced', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`;
  const program = new Program(process.execPath, ['-e', script]);
  await program.until(/listens/);
  await expect(serveControl(path, {})).rejects.toMatchObject({ code: 'in-use' });
  program.signal('SIGKILL');
  await program.exited;
  expect((await stat(path)).isSocket()).toBe(true);
  const server = await serveControl(path, { who: () => 'new' });
  const client = await connectControl(path);
  expect(await client.call('who')).toBe('new');
  client.close();
  await server.close();
});

test('a file of another kind, a path that is too long and a folder that is not there are refused', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'precious');
  await writeFile(file, 'keep me');
  await expect(serveControl(file, {})).rejects.toMatchObject({ code: 'path', message: /no socket/ });
  expect((await stat(file)).size).toBe(7);
  await expect(serveControl(join(folder.path, 'x'.repeat(100)), {})).rejects.toMatchObject({
    code: 'path',
    message: /too long/,
  });
  await expect(serveControl(join(folder.path, 'a/b/c'), {})).rejects.toMatchObject({ code: 'path' });
});

test('moves to another name, and connected clients stay', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const old = await serveControl(path, { who: () => 'old' });
  const server = await serveControl(`${path}.2`, { who: () => 'new' });
  const client = await connectControl(`${path}.2`);
  await expect(server.move(path)).rejects.toMatchObject({ code: 'in-use' });
  expect(server.path).toBe(`${path}.2`);
  await old.close();
  await server.move(path);
  expect(await readdir(folder.path)).toEqual(['control']);
  expect(await client.call('who')).toBe('new');
  const late = await connectControl(path);
  expect(await late.call('who')).toBe('new');
  client.close();
  late.close();
  await server.close();
  expect(await readdir(folder.path)).toEqual([]);
});

test('the file that another server has put at the path is not removed', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'control');
  const first = await serveControl(path, {});
  await mkdir(join(folder.path, 'aside'));
  const second = createServer();
  await new Promise<void>((resolve) => second.listen(join(folder.path, 'aside/control'), resolve));
  const { rename } = await import('node:fs/promises');
  await rename(join(folder.path, 'aside/control'), path);
  await first.close();
  expect((await stat(path)).isSocket()).toBe(true);
  second.close();
});
