export { cgi } from './cgi.ts';
export { cgiDirectory } from './cgi-directory.ts';
export type { CgiDirectoryOptions } from './cgi-directory.ts';
export type { Clock } from './clock.ts';
export { CgiError, CgiOptionError, CgiProgramError, CgiRequestError } from './errors.ts';
export type { CgiErrorCode, OutputErrorCode } from './errors.ts';
export type { CgiOptions, Spawn } from './options.ts';
