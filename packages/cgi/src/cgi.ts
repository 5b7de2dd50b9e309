import type { Application } from '@highball/gateway-protocol';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CgiOptionError } from './errors.ts';
import { type CgiOptions, resolveOptions } from './options.ts';
import { Runner } from './runner.ts';

/**
 * Makes an application that runs a CGI program (RFC 3875) for each request: a process with the request in its
 * environment, the body on its standard input, the response on its standard output. SCRIPT_NAME and PATH_INFO are
 * those of the environ: whoever mounts the application has set them.
 * @param program - an absolute path; it is run as it is, without a shell.
 * @throws CgiOptionError when an option makes no sense.
 */
export function cgi(program: string | URL, options: CgiOptions = {}): Application {
  const path = program instanceof URL ? fileURLToPath(program) : program;
  if (!isAbsolute(path)) {
    throw new CgiOptionError(`a program is named by its absolute path, not '${path}': PATH is not searched`);
  }
  const runner = new Runner(resolveOptions(options));
  return (environ, startResponse) => {
    const { SCRIPT_NAME: name, PATH_INFO: pathInfo } = environ;
    return runner.answer({ program: path, name, pathInfo }, environ, startResponse);
  };
}
