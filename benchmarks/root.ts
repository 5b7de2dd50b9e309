import { join } from 'node:path';

/** The top of the repository. */
export const root: string = join(import.meta.dirname, '..');
