import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { published, readManifest, root, type Workspace, workspaces } from './workspaces.ts';

const NODE_RANGE = '^22.18.0 || ^24.11.0 || >=26';
const versions = new Map(workspaces.map(({ manifest }) => [manifest.name, manifest.version]));

describe.each([...published])('$folder', ({ folder, name, manifest }: Workspace) => {
  test('says what it is, where it comes from and how it may be used', () => {
    expect(manifest.name).toBe(folder === 'apps/server' ? 'highball' : `@highball/${name}`);
    expect(manifest.description).toMatch(/^[A-Z].{20,}\.$/);
    expect(manifest.repository?.directory).toBe(folder);
    expect(manifest.license).toBe('MIT');
    expect(manifest.engines?.node).toBe(NODE_RANGE);
    expect(manifest.publishConfig).toEqual({ access: 'public' });
  });

  test('is ESM and exports its sources, its types and its build under the same names', () => {
    expect(manifest.type).toBe('module');
    for (const [subpath, target] of Object.entries(manifest.exports ?? {})) {
      if (subpath === './package.json') continue;
      const name = subpath === '.' ? 'index' : subpath.slice(2);
      // A part of several files has a folder.
      const file = existsSync(join(root, folder, `src/${name}.ts`)) ? name : `${name}/index`;
      expect(target).toEqual({
        '@highball/source': `./src/${file}.ts`,
        types: `./dist/${file}.d.ts`,
        default: `./dist/${file}.js`,
      });
      // The order counts: the first condition that applies is taken.
      expect(Object.keys(target)[0]).toBe('@highball/source');
      expect(existsSync(join(root, folder, `src/${file}.ts`))).toBe(true);
    }
  });

  test('packs its build, its sources and its papers', () => {
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'src', 'CHANGELOG.md']));
    for (const paper of ['README.md', 'LICENSE']) expect(existsSync(join(root, folder, paper))).toBe(true);
  });

  test('has the scripts that the whole repository runs', () => {
    expect(Object.keys(manifest.scripts ?? {})).toEqual(
      expect.arrayContaining(['build', 'typecheck', 'test', 'check:package']),
    );
  });

  test('has tests', () => {
    expect(globSync('test/**/*.test.ts', { cwd: join(root, folder) })).not.toEqual([]);
  });

  test('ranges of siblings meet their local versions: a miss would be fetched from the registry', () => {
    for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
      const version = versions.get(dependency);
      if (version !== undefined) expect(`${dependency}@${range}`).toBe(`${dependency}@^${version}`);
    }
  });

  test('its index lists named exports and nothing else', () => {
    const index = readFileSync(join(root, folder, 'src/index.ts'), 'utf8');
    const statements = index.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '').split(';');
    expect(
      statements.filter((text) => text.trim() && !/^\s*export (type )?\{[^}]*\} from '/.test(text)),
    ).toEqual([]);
  });
});

test('the lock file names each workspace with its version and resolves siblings to their folders', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; link?: boolean; resolved?: string }>;
  };
  for (const { folder, manifest } of workspaces) {
    expect(lock.packages[folder]?.version, folder).toBe(manifest.version);
    expect(lock.packages[`node_modules/${manifest.name}`]).toMatchObject({ link: true, resolved: folder });
  }
});

test('changesets name packages that npm gets: one of another package would never be used up', () => {
  const names = new Set(published.map(({ manifest }) => manifest.name));
  for (const file of globSync('.changeset/*.md', { cwd: root })) {
    const [, head = ''] = /^---\n([^]*?)\n---\n/.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    const bumps = [...head.matchAll(/^['"](.+)['"]: (major|minor|patch)$/gm)].map(([, name = '']) => name);
    expect(bumps, file).not.toEqual([]);
    expect(
      bumps.filter((name) => !names.has(name)),
      file,
    ).toEqual([]);
  }
});

test('a Node comes with the development dependencies, and its install script is approved', () => {
  const manifest = readManifest('.') as ReturnType<typeof readManifest> & {
    allowScripts?: Record<string, boolean>;
  };
  expect(manifest.devDependencies?.['node']).toMatch(/^\^24\./);
  expect(manifest.allowScripts?.['node']).toBe(true);
});
