/** What the system refuses or lacks. */
export type ServiceErrorCode =
  | 'already-running'
  | 'pidfile'
  | 'background-failed'
  | 'background-timeout'
  | 'unknown-user'
  | 'unknown-group'
  | 'privileges'
  | 'folder';

/** What the calling program has written wrong. */
export type DaemonOptionCode = 'invalid-umask' | 'invalid-path';

/** The base of all errors of this package. The message names the thing and the mend. */
export class DaemonError extends Error {
  override readonly name: string = 'DaemonError';
  readonly code: ServiceErrorCode | DaemonOptionCode;

  constructor(code: ServiceErrorCode | DaemonOptionCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The surroundings are at fault: another process, a missing user, a folder that may not be written. */
export class ServiceError extends DaemonError {
  override readonly name = 'ServiceError';
  declare readonly code: ServiceErrorCode;
  /** What the program should exit with. @default 1 */
  readonly exitCode: number;

  constructor(
    code: ServiceErrorCode,
    message: string,
    { exitCode = 1, ...options }: ErrorOptions & { readonly exitCode?: number } = {},
  ) {
    super(code, message, options);
    this.exitCode = exitCode;
  }
}

/** An option that makes no sense: the calling program is at fault. */
export class DaemonOptionError extends DaemonError {
  override readonly name = 'DaemonOptionError';
  declare readonly code: DaemonOptionCode;
}
