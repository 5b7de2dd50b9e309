import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { published, root } from './workspaces.ts';

const REQUIRED = ['## Install', '## Usage', '## References'];

describe.each(published.filter(({ name }) => name !== 'server'))(
  'the README of $name',
  ({ folder, manifest }) => {
    const read = (): Promise<string> => readFile(join(root, folder, 'README.md'), 'utf8');

    test('says in its first sentence who installs it, and has its sections', async () => {
      const text = await read();
      expect(text.split('\n')[0]).toBe(`# ${manifest.name}`);
      expect(text.split('\n')[2]).toMatch(/^For anyone who |^For whoever /);
      for (const heading of REQUIRED) expect(text).toContain(`\n${heading}`);
      expect(text).toContain(`npm install ${manifest.name}`);
      // A new folder of npm's is one of CommonJS, in which Node runs none of the examples.
      expect(text).toMatch(/^Node `\^22\.18 \|\| \^24\.11 \|\| >=26`.*; ESM \(`npm pkg set type=module`\)/m);
    });

    test('what its snippets import is there after its Install section', async () => {
      const text = await read();
      const installed = [...text.matchAll(/^npm install ([^#\n`]+)/gm)].flatMap(([, names = '']) =>
        names.trim().split(/\s+/),
      );
      const there = new Set([...installed, ...Object.keys(manifest.dependencies ?? {})]);
      const snippets = [...text.matchAll(/<!-- runs: \S+ -->\s*```ts\n([^]*?)```/g)].map(
        ([, code = '']) => code,
      );
      const imported = snippets.flatMap((code) =>
        [...code.matchAll(/ from '((?:@[^/']+\/)?[^./'][^/']*)/g)].map(([, name = '']) => name),
      );
      expect(imported.filter((name) => !name.startsWith('node:') && !there.has(name))).toEqual([]);
    });

    test('its snippets compile and run', async (context) => {
      const text = await read();
      const snippets = [...text.matchAll(/<!-- runs: (\S+) -->\s*```ts\n([^]*?)```/g)];
      context.skip(snippets.length === 0, 'has no snippet that is marked to be run here');
      await using user = await temporaryFolder();
      await symlink(join(root, 'node_modules'), join(user.path, 'node_modules'));
      await writeFile(join(user.path, 'package.json'), '{ "type": "module" }');
      const options = {
        noEmit: true,
        declaration: false,
        isolatedDeclarations: false,
        declarationMap: false,
        noUnusedLocals: false,
      };
      const tsconfig = { extends: join(root, 'tsconfig.base.json'), compilerOptions: options };
      await writeFile(join(user.path, 'tsconfig.json'), JSON.stringify(tsconfig));
      for (const [, name = '', code = ''] of snippets) {
        await writeFile(join(user.path, name), code);
        const ran = new Program(
          process.execPath,
          [join(root, 'node_modules/tsx/dist/cli.mjs'), '-C', '@highball/source', name],
          { cwd: user.path },
        );
        expect(await ran.exited, ran.output).toBe(0);
      }
      const compiler = new Program(process.execPath, [
        join(root, 'node_modules/typescript/bin/tsc'),
        '-p',
        user.path,
      ]);
      expect(await compiler.exited, compiler.output).toBe(0);
    });
  },
);
