import type { Application } from '@highball/gateway-protocol';
import { realpathSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CgiOptionError } from './errors.ts';
import { findScript } from './find-script.ts';
import { type CgiOptions, resolveOptions } from './options.ts';
import { Runner } from './runner.ts';

/** Options of {@link cgiDirectory}. */
export interface CgiDirectoryOptions extends Omit<CgiOptions, 'args' | 'scriptFilename'> {
  /** The start of the path that is not part of a program's name. @default '/cgi-bin' */
  readonly prefix?: string;
  /** Whether a symbolic link may lead out of the folder. @default false */
  readonly followSymlinks?: boolean;
  /** Asked instead of answering 404. */
  readonly fallthrough?: Application;
}

const REASONS = { 400: '400 Bad Request', 403: '403 Forbidden', 404: '404 Not Found' } as const;

/**
 * Makes an application that runs the programs in a folder: `/cgi-bin/name/extra` runs `name` with the PATH_INFO
 * `/extra`. All of them share one bound. A program must be executable, and not writable by everybody.
 * @throws Error when there is no such folder; CgiOptionError when an option makes no sense.
 */
export function cgiDirectory(folder: string | URL, options: CgiDirectoryOptions = {}): Application {
  const root = realpathSync(folder instanceof URL ? fileURLToPath(folder) : folder);
  if (!statSync(root).isDirectory()) throw new CgiOptionError(`'${String(folder)}' is no folder`);
  const { prefix: given = '/cgi-bin', followSymlinks = false, fallthrough } = options;
  const prefix = given.replace(/\/+$/, '');
  if (prefix !== '' && !prefix.startsWith('/')) {
    throw new CgiOptionError(`prefix must start with /, not '${given}'`);
  }
  const runner = new Runner(resolveOptions(options));
  return async (environ, startResponse) => {
    const found = await findScript(environ, { root, prefix, followSymlinks });
    if (!('status' in found)) return runner.answer(found, environ, startResponse);
    if (found.status === 404 && fallthrough !== undefined) return fallthrough(environ, startResponse);
    const status = REASONS[found.status];
    startResponse(status, [['Content-Type', 'text/plain; charset=utf-8']]);
    return [`${status}\n`];
  };
}
