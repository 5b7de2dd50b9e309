import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a file, and the folder for it only when there is none: mostly there is. */
export async function withFolder<Made>(path: string, make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await make();
  }
}
