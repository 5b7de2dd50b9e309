import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface NginxSettings {
  /** Directives outside of all blocks. */
  readonly main?: string;
  /** How many connections its worker may have. @default 1024 */
  readonly connections?: number;
  /** What it tells on standard error. @default 'crit' */
  readonly errors?: 'crit' | 'notice';
}

/** Folders that nginx makes at its start, elsewhere if it is not told. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * Writes a configuration for nginx with one worker, in the foreground, with all its files in this folder.
 * @param http - what stands in the block `http`, where no access log is.
 * @returns the arguments that nginx is started with.
 */
export async function nginxArguments(
  folder: string,
  http: string,
  { main = '', connections = 1024, errors = 'crit' }: NginxSettings = {},
): Promise<string[]> {
  const file = join(folder, 'nginx.conf');
  await mkdir(folder, { recursive: true });
  // As root nginx would give its worker to a user who may not read the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  await writeFile(
    file,
    `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr ${errors}; ${main}
events { worker_connections ${connections}; }
http {
access_log off; ${TEMPORARY.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
${http}
}
`,
  );
  return ['-p', folder, '-c', file, '-e', 'stderr'];
}
