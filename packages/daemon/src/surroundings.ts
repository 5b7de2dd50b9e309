import { DaemonOptionError, ServiceError } from './errors.ts';

/**
 * Reads a file mode creation mask as the shell's `umask` takes it: octal digits.
 * @throws {DaemonOptionError} `invalid-umask`
 */
export function parseUmask(text: string): number {
  const digits = /^(?:0o)?([0-7]{1,4})$/.exec(text)?.[1];
  const mask = Number.parseInt(digits ?? '', 8);
  if (mask <= 0o777) return mask;
  throw new DaemonOptionError('invalid-umask', `a umask is octal, from 000 to 777, not '${text}'`);
}

/** Changes the folder of the process. @throws {ServiceError} `folder` */
export function changeFolder(folder: string): void {
  try {
    process.chdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ServiceError('folder', `cannot change to the folder ${folder}: ${code}`, { cause });
  }
}
