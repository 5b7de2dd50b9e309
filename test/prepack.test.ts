import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { published, root } from './workspaces.ts';

const run = promisify(execFile);

test.each([...published])('$folder looks for its build before it is packed', ({ manifest }) => {
  expect(manifest.scripts?.['prepack']).toBe('node ../../test/packed/check-built.ts');
});

describe('npm pack', () => {
  /** What a checkout of one package is, built or not, and what npm says when it packs it. */
  async function pack(change: (folder: string) => void): Promise<string> {
    await using checkout = await temporaryFolder();
    symlinkSync(join(root, 'test'), join(checkout.path, 'test'));
    const folder = join(checkout.path, 'packages/ip-networks');
    cpSync(join(root, 'packages/ip-networks'), folder, { recursive: true });
    rmSync(join(folder, 'dist'), { recursive: true, force: true });
    change(folder);
    const packing = run('npm', ['pack', '--dry-run', '--loglevel', 'error'], { cwd: folder });
    const { stdout, stderr } = await packing.catch((error: { stdout: string; stderr: string }) => error);
    return stdout + stderr;
  }

  const build = (folder: string): void => {
    mkdirSync(join(folder, 'dist'));
    for (const name of ['index', 'network', 'address', 'address-list'])
      for (const end of ['js', 'd.ts']) writeFileSync(join(folder, `dist/${name}.${end}`), '');
  };

  test('of a package that is not built says so in a line, and packs nothing', async () => {
    const told = await pack(() => undefined);
    expect(told).toMatch(
      /^@highball\/ip-networks is not built: there is no dist\/[a-z-]+\.js; run npm run build at the root, then pack$/m,
    );
    expect(told).not.toContain('.tgz');
  });

  test('of one that is built in part says what is missing', async () => {
    const told = await pack((folder) => {
      build(folder);
      rmSync(join(folder, 'dist/network.d.ts'));
    });
    expect(told).toMatch(/^@highball\/ip-networks is not built: there is no dist\/network\.d\.ts;/m);
  });

  test('of one that is built packs it', async () => {
    expect(await pack(build)).toMatch(/^highball-ip-networks-.*\.tgz$/m);
  });
});
