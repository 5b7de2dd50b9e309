import { execFileSync } from 'node:child_process';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** When every file of the site was changed last. */
export const MODIFIED: Date = new Date('2024-01-02T03:04:05Z');
export const PLAIN: string = 'plain '.repeat(100);

const FILES: Readonly<Record<string, string>> = {
  'a.txt': '0123456789',
  'index.html': '<p>home',
  'page.html': '<p>page',
  'app.js': 'let a;',
  'logo.svg': '<svg/>',
  'module.wasm': '\0asm',
  'data.unheard-of': 'data',
  'empty.txt': '',
  'a b.txt': 'space',
  'é.txt': 'accent',
  'packed.js': PLAIN,
  'packed.js.br': 'brotli bytes',
  'packed.js.gz': 'gzip bytes',
  'docs/index.html': '<p>docs',
  'nothing-here/.keep': '',
  '.well-known/security.txt': 'contact',
  '.env': 'secret',
  '.git/config': 'secret',
  'large.bin': 'x'.repeat(300_000),
};

/** Writes the site that all servers serve; beside it is what none of them may. Returns its root. */
export async function makeSite(folder: string): Promise<string> {
  const root = join(folder, 'root');
  for (const [name, content] of Object.entries(FILES)) {
    const path = join(root, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, content);
    await utimes(path, MODIFIED, MODIFIED);
  }
  await writeFile(join(folder, 'outside.txt'), 'secret');
  await symlink(join(folder, 'outside.txt'), join(root, 'leaving.txt'));
  await symlink(join(root, 'a.txt'), join(root, 'staying.txt'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  return root;
}
