import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exchange, highball, Program, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { root } from './workspaces.ts';

const readme = await readFile(join(root, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/<!-- example: (\S+) -->\s*```ts\n([^]*?)```/g)].map(
  ([, name = '', code = '']) => ({
    name,
    code,
  }),
);

/** A folder of a user who has installed Highball and copied the examples. */
async function userFolder(): Promise<Awaited<ReturnType<typeof temporaryFolder>>> {
  const folder = await temporaryFolder();
  await symlink(join(root, 'node_modules'), join(folder.path, 'node_modules'));
  await mkdir(join(folder.path, 'public'));
  await writeFile(join(folder.path, 'public/a.txt'), 'a file');
  await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }');
  for (const { name, code } of examples) await writeFile(join(folder.path, name), code);
  return folder;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

test('the application of the README is under ten lines and answers', async () => {
  const hello = examples.find(({ name }) => name === 'run.ts');
  expect(hello?.code.trim().split('\n').length).toBeLessThan(10);
  await using folder = await userFolder();
  await using server = highball(['serve', 'run.ts:app', '--workers', '4', '--bind', '127.0.0.1:0'], {
    cwd: folder.path,
  });
  const port = Number((await server.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
  expect(await exchange(port, get('/'))).toMatch(/<p>Hello, World!<\/p>$/);
});

test('the configuration of the README runs', async () => {
  await using folder = await userFolder();
  await using server = highball(['run', '-b', '127.0.0.1:0'], { cwd: folder.path });
  const port = Number((await server.until(/serves http:\/\/[^:]+:(\d+)/))[1]);
  expect(await exchange(port, get('/static/a.txt'))).toMatch(/a file$/);
  expect(await exchange(port, get('/old/x'))).toMatch(/Location: \/pages\/x\r\n/);
  expect(await exchange(port, get('/'))).toMatch(/Hello, World!/);
});

test('the examples of the README pass the compiler', async () => {
  await using folder = await userFolder();
  // A user's own rules, less those that are for libraries.
  const options = { noEmit: true, declaration: false, declarationMap: false, isolatedDeclarations: false };
  const tsconfig = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: { ...options, noUnusedParameters: false },
  };
  await writeFile(join(folder.path, 'tsconfig.json'), JSON.stringify(tsconfig));
  const compiler = new Program(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    folder.path,
  ]);
  expect(await compiler.exited, compiler.output).toBe(0);
});
