import { highball, temporaryFolder } from '@highball/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PROGRAM = `
export const app = (environ, startResponse) => {
  if (environ.PATH_INFO === '/block') for (;;);
  startResponse('200 OK', []);
  return ['fine'];
};
`;

test('the log says which request a blocked worker was serving, and it is replaced', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'app.mjs'), PROGRAM);
  const args = ['serve', 'app.mjs', '-b', '127.0.0.1:0', '-w', '1', '--timeout', '4'];
  await using server = highball(args, { cwd: folder.path });
  const [, port] = await server.until(/serves http:\/\/127\.0\.0\.1:(\d+)/);
  expect(await (await fetch(`http://127.0.0.1:${port}/done`)).text()).toBe('fine');
  const blocked = fetch(`http://127.0.0.1:${port}/block?report=7`);
  await expect(blocked).rejects.toThrow('fetch failed');
  const [, what] = await server.until(/it was serving ([^\n]*?) \(id=/);
  expect(what).toMatch(/^GET \/block\?report=7 for [\d.]+ s$/);
  await expect.poll(async () => (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('fine');
});
