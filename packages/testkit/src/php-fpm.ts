import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program } from './process.ts';
import { freePort } from './socket.ts';

/** Where Debian's php8.2-fpm has it. */
export const PHP_FPM = '/usr/sbin/php-fpm8.2';

/** PHP-FPM on a port of its own, with one process; it may take a moment until it accepts. */
export interface PhpFpm {
  readonly program: Program;
  readonly port: number;
}

/** Starts PHP-FPM; its configuration and its log stand in the folder. The program is the caller's to end. */
export async function startPhpFpm(folder: string): Promise<PhpFpm> {
  const port = await freePort();
  // It refuses to run scripts as root, unless that is said twice.
  const isRoot = process.getuid?.() === 0;
  const file = join(folder, 'fpm.conf');
  await writeFile(
    file,
    `[global]
daemonize = no
error_log = ${folder}/fpm.log
[www]
${isRoot ? 'user = root\ngroup = root' : ''}
listen = 127.0.0.1:${port}
pm = static
pm.max_children = 1
`,
  );
  return { program: new Program(PHP_FPM, ['-n', '-F', '-y', file, ...(isRoot ? ['-R'] : [])]), port };
}
