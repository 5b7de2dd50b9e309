import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installHighball } from './installation.ts';

const FILES = { '1k.html': 1024, '10k.html': 10_240, '1m.html': 1_048_576 };

/** Makes the folder what a user's is: with Highball, programs, and files to serve. @throws when nothing is built. */
export async function prepareFolder(folder: string): Promise<void> {
  await installHighball(folder);
  await cp(join(import.meta.dirname, 'programs'), folder, { recursive: true });
  await mkdir(join(folder, 'files'));
  for (const [name, bytes] of Object.entries(FILES)) {
    await writeFile(join(folder, 'files', name), Buffer.alloc(bytes, 'x'));
  }
}
