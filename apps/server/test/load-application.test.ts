import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';

/** What a process of its own gets when it loads an application from a folder with these files. */
async function load(spec: string, files: Record<string, string>): Promise<Record<string, unknown>> {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'folder'));
  for (const [name, source] of Object.entries(files)) await writeFile(join(folder.path, name), source);
  const loader = join(import.meta.dirname, 'fixtures/load.ts');
  const program = new Program(process.execPath, ['-C', '@highball/source', loader, spec, folder.path]);
  await program.exited;
  return JSON.parse(program.stdout) as Record<string, unknown>;
}

describe('finds the application', () => {
  test.each([
    ['app.mjs:main', { 'app.mjs': 'export const main = () => 1; export default () => 2;' }],
    ['app.mjs', { 'app.mjs': 'export const app = () => 2; export default () => 1;' }],
    ['app.mjs', { 'app.mjs': 'export const application = () => 2; export const app = () => 1;' }],
    ['app.mjs', { 'app.mjs': 'export const application = () => 1;' }],
    ['app.cjs', { 'app.cjs': 'module.exports = () => 1;' }],
    ['app.ts:app', { 'app.ts': 'export const app = (): number => 1;' }],
    ['./app.mts', { 'app.mts': 'const one: number = 1; export default () => one;' }],
    // What type stripping cannot do, tsx does.
    ['app.ts', { 'app.ts': 'enum N { One = 1 } export default () => N.One;' }],
    [
      'app.ts',
      {
        'app.ts': "import { one } from './one'; export default () => one;",
        'one.ts': 'export const one = 1;',
      },
    ],
    // A new folder of npm's is one of CommonJS; TypeScript is written with import and export there as well.
    [
      'app.ts',
      {
        'package.json': '{ "type": "commonjs" }',
        'app.ts': "import { one } from './one.ts'; export const app = (): number => one;",
        'one.ts': 'export const one = 1;',
      },
    ],
    ['app.ts', { 'package.json': '{ "type": "commonjs" }', 'app.ts': 'module.exports = (): number => 1;' }],
  ])('%s in %j', async (spec, files) => {
    expect(await load(spec, files)).toEqual({ returned: 1 });
  });
});

describe('says in one line what is wrong, and what would be right', () => {
  test.each([
    ['gone.ts', {}, /^no module 'gone\.ts' in .*; name the file as MODULE\[:EXPORT\]/],
    ['folder', {}, /^'folder' is a folder; name a file of it/],
    ['a.mjs:main', { 'a.mjs': 'export const app = 1;' }, /exports no 'main'; it exports 'app'$/],
    [
      'a.mjs',
      { 'a.mjs': 'export const x = 1;' },
      /exports no 'default', 'app' or 'application'; it exports 'x'$/,
    ],
    ['a.mjs', { 'a.mjs': '' }, /it exports nothing, and no server of it listens$/],
    ['a.mjs:app', { 'a.mjs': 'export const app = 1;' }, /'app' of .* is no application/],
    ['a.mjs', { 'a.mjs': "throw new Error('no\\ndatabase');" }, /^cannot load .*a\.mjs: no database$/],
    ['a.mjs', { 'a.mjs': 'export const = 1;' }, /^cannot load .*a\.mjs: Unexpected token/],
    ['a.mjs', { 'a.mjs': "import './gone.mjs';" }, /^cannot load .*a\.mjs: Cannot find module .*gone\.mjs/],
    ['a.ts', { 'a.ts': "import './gone.ts';" }, /^cannot load .*a\.ts: .*gone\.ts/],
  ])('%s in %j', async (spec, files, message) => {
    expect(await load(spec, files)).toEqual({
      exitCode: 4,
      message: expect.stringMatching(message) as string,
    });
  });
});
