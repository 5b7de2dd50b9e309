import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, readdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { openSockets } from '../src/sockets.ts';
import { attempt } from './support.ts';

/** The file of a socket whose program was killed. */
async function leaveStale(path: string): Promise<void> {
  const code = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', code, path]), 'close');
  expect(lstatSync(path).isSocket()).toBe(true);
}

test('is made with its mode, listens, and leaves nothing behind', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const [socket] = await openSockets([{ path, mode: 0o600 }], 10);
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  expect(socket?.address).toEqual({ path, mode: 0o600 });
  expect(await attempt({ path })).toBe('connected');
  expect(readdirSync(folder.path)).toEqual(['x.sock']);
  socket?.close();
  expect(readdirSync(folder.path)).toEqual([]);
});

test('a stale file is replaced', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  await leaveStale(path);
  const [socket] = await openSockets([{ path }], 10);
  expect(await attempt({ path })).toBe('connected');
  socket?.close();
});

test('a live one is refused and stays', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const server = createServer().listen(path);
  await once(server, 'listening');
  await expect(openSockets([{ path }], 10)).rejects.toMatchObject({
    code: 'address-in-use',
    message: `unix:${path} is in use; stop the program that holds it or choose another --bind`,
  });
  expect(await attempt({ path })).toBe('connected');
  server.close();
});

test('the file of a successor is not unlinked', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const [socket] = await openSockets([{ path }], 10);
  unlinkSync(path);
  const successor = createServer().listen(path);
  await once(successor, 'listening');
  socket?.close();
  expect(await attempt({ path })).toBe('connected');
  successor.close();
});

test.each([
  ['a file', (path: string) => writeFileSync(path, 'precious'), 'is a file and no socket'],
  ['a symbolic link', (path: string) => symlinkSync('/dev/null', path), 'is a file and no socket'],
])('%s in its place is refused and stays', async (_what, make, mend) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  make(path);
  await expect(openSockets([{ path }], 10)).rejects.toMatchObject({
    code: 'socket-path',
    message: expect.stringContaining(mend),
  });
  expect(readdirSync(folder.path)).toEqual(['x.sock']);
});

test.each([
  ['a folder that is not there', 'no/x.sock', 'does not exist; create it'],
  ['a path that is too long', `${'x'.repeat(110)}.sock`, 'choose a path of at most'],
])('%s is named', async (_what, name, mend) => {
  await using folder = await temporaryFolder();
  await expect(openSockets([{ path: join(folder.path, name) }], 10)).rejects.toMatchObject({
    code: 'socket-path',
    message: expect.stringContaining(mend),
  });
});
