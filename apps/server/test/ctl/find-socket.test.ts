import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { findSocket } from '../../src/ctl/find-socket.ts';
import { socketOf } from '../../src/service/default-socket.ts';

test('a socket that is named beats a pidfile, which beats the environment', async () => {
  await using folder = await temporaryFolder();
  const pid = join(folder.path, 'app.pid');
  await writeFile(pid, '4711\n');
  const env = { HIGHBALL_CONTROL_SOCKET: 'control' };
  expect(findSocket({ socket: '/a', pid }, env)).toBe('/a');
  expect(findSocket({ pid }, env)).toBe(socketOf(4711));
  expect(findSocket({}, env)).toBe('control');
  await writeFile(pid, '');
  expect(() => findSocket({ pid }, env)).toThrow(/there is no pid in/);
});
